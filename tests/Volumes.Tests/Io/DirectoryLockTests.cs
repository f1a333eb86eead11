using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Tests.Io;

[TestClass]
public sealed class DirectoryLockTests
{
    [TestMethod]
    public void The_second_one_is_told_who_has_it_and_gets_it_after()
    {
        string directory = Directory.CreateTempSubdirectory("lunaria-lock-").FullName;
        try
        {
            using (DirectoryLock.Acquire(directory))
            {
                DirectoryInUseException e = Assert.Throws<DirectoryInUseException>(() => DirectoryLock.Acquire(directory));
                Assert.Contains(directory, e.Message);
                Assert.Contains($"process {Environment.ProcessId}", e.Message);
            }
            DirectoryLock.Acquire(directory).Dispose();
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
