namespace Lunaria.WebUi.Administration;

/// <summary>Calls of the engine whose refusals become those of the administration. Stateless; any thread.</summary>
internal static class EngineCalls
{
    /// <summary>What stands in the way is <see cref="RefusalKind.InUse"/>, a wrong value <see cref="RefusalKind.Invalid"/>, both in the engine's words.</summary>
    public static async Task<T> RunAsync<T>(Func<ValueTask<T>> call)
    {
        try
        {
            return await call();
        }
        catch (ObjectDisposedException)
        {
            throw new RefusedException(RefusalKind.Unavailable, "The appliance is stopping.");
        }
        catch (InvalidOperationException e)
        {
            throw new RefusedException(RefusalKind.InUse, e.Message);
        }
        catch (ArgumentException e)
        {
            throw new RefusedException(RefusalKind.Invalid, e.Message.Split(" (Parameter", 2)[0]);
        }
    }

    /// <summary>The same for a call without an answer.</summary>
    public static Task RunAsync(Func<ValueTask> call) => RunAsync(async () =>
    {
        await call();
        return true;
    });
}
