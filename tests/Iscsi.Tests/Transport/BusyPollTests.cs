using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Tests.Transport;

[TestClass]
public sealed class BusyPollTests
{
    private const int Looks = 3;

    [TestMethod]
    public void OnlyASingleCommandIsFollowedByAnAttempt()
    {
        BusyPoll poll = new(new(1), Looks);
        Assert.IsFalse(poll.TryBegin(0), "nothing came: the peer is idle");
        Assert.IsFalse(poll.TryBegin(2), "several came: more are on their way");
        Assert.IsTrue(poll.TryBegin(1));
    }

    [TestMethod]
    public void EachAttemptInVainDoublesTheSleepsBeforeTheNextUntilOnePays()
    {
        BusyPoll poll = new(new(1), Looks);
        Assert.AreEqual(0, SleepsBeforeAttempt(poll, paid: false));
        Assert.AreEqual(1, SleepsBeforeAttempt(poll, paid: false));
        Assert.AreEqual(2, SleepsBeforeAttempt(poll, paid: false));
        Assert.AreEqual(4, SleepsBeforeAttempt(poll, paid: true));
        Assert.AreEqual(0, SleepsBeforeAttempt(poll, paid: false));
        Assert.AreEqual(1, SleepsBeforeAttempt(poll, paid: true));
    }

    [TestMethod]
    public void AnAttemptEnds()
    {
        BusyPoll poll = new(new(1), Looks);
        Assert.IsTrue(poll.TryBegin(1));
        Assert.IsTrue(poll.GoesOn());
        Assert.IsTrue(poll.GoesOn());
        Assert.IsFalse(poll.GoesOn());
    }

    [TestMethod]
    public void NoMoreThreadsPollThanThereAreSeats()
    {
        BusyPollSeats seats = new(1);
        BusyPoll first = new(seats, Looks), second = new(seats, Looks);
        Assert.IsTrue(first.TryBegin(1));
        Assert.IsFalse(second.TryBegin(1));
        first.End(paid: true);
        Assert.IsTrue(second.TryBegin(1));
    }

    private static int SleepsBeforeAttempt(BusyPoll poll, bool paid)
    {
        int sleeps = 0;
        while (!poll.TryBegin(1)) sleeps++;
        poll.End(paid);
        return sleeps;
    }
}
