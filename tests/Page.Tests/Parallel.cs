// One browser, but pages of their own; appliances of their own where something is changed.
[assembly: Parallelize(Workers = 2, Scope = ExecutionScope.MethodLevel)]
