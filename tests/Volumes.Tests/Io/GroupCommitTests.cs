using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Tests.Io;

[TestClass]
public sealed class GroupCommitTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [TestMethod]
    public async Task Who_comes_during_a_round_is_served_by_the_next_one_with_all_others()
    {
        List<TaskCompletionSource> rounds = [];
        GroupCommit commits = new(() =>
        {
            rounds.Add(new());
            return new(rounds[^1].Task);
        });
        Task first = commits.JoinAsync().AsTask();
        Task[] others = [.. Enumerable.Range(0, 5).Select(_ => commits.JoinAsync().AsTask())];
        Assert.HasCount(1, rounds);
        rounds[0].SetResult();
        await first.WaitAsync(Limit);
        Assert.HasCount(2, rounds);
        Assert.IsFalse(others.Any(other => other.IsCompleted));
        commits.Request();
        rounds[1].SetException(new IOException("no"));
        foreach (Task other in others)
            await Assert.ThrowsAsync<IOException>(() => other.WaitAsync(Limit));
        Assert.HasCount(3, rounds, "the round that was only requested");
        rounds[2].SetResult();
        Task last = commits.JoinAsync().AsTask();
        rounds[3].SetResult();
        await last.WaitAsync(Limit);
        Assert.HasCount(4, rounds);
    }

    [TestMethod]
    public async Task A_round_that_cannot_even_start_fails_those_who_wait_and_no_one_else()
    {
        bool fails = true;
        GroupCommit commits = new(() => fails ? throw new IOException("closed") : default);
        await Assert.ThrowsAsync<IOException>(() => commits.JoinAsync().AsTask().WaitAsync(Limit));
        fails = false;
        await commits.JoinAsync().AsTask().WaitAsync(Limit);
    }

    [TestMethod]
    public async Task A_round_never_runs_beside_another_and_covers_what_was_before_it()
    {
        int running = 0;
        long written = 0, durable = 0;
        GroupCommit commits = new(async () =>
        {
            Assert.AreEqual(1, Interlocked.Increment(ref running));
            long covered = Interlocked.Read(ref written);
            await Task.Yield();
            Interlocked.Exchange(ref durable, covered);
            Interlocked.Decrement(ref running);
        });
        await Parallel.ForAsync(0, 8, async (_, _) =>
        {
            for (int i = 0; i < 2000; i++)
            {
                long mine = Interlocked.Increment(ref written);
                await commits.JoinAsync();
                Assert.IsGreaterThanOrEqualTo(mine, Interlocked.Read(ref durable));
            }
        });
    }
}
