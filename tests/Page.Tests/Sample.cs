namespace Lunaria.Page.Tests;

/// <summary>An appliance that has been used for a while, made through the API.</summary>
internal static class Sample
{
    public const string Password = "correct horse battery";
    public const string Iqn = "iqn.2026-11.com.example.lunaria:vmware";

    /// <summary>Volumes with snapshots and a clone, targets with and without CHAP, users, a token.</summary>
    public static async Task FillAsync(RunningAppliance appliance)
    {
        await appliance.SendAsync(HttpMethod.Put, "users/admin", new { password = Password });
        await appliance.SendAsync(HttpMethod.Put, "users/guest", new { password = Password, role = "readOnly" });
        await appliance.SendAsync(HttpMethod.Post, "tokens", new { name = "prometheus", scopes = new[] { "read" } });
        foreach (var (name, gibibytes) in new[] { ("datastore1", 2048L), ("db-primary", 512L), ("db-archive", 4096L), ("build-cache", 64L) })
            await appliance.SendAsync(HttpMethod.Post, "volumes", new { name, sizeBytes = gibibytes << 30 });
        await appliance.SendAsync(HttpMethod.Post, "targets", new { iqn = Iqn, initiators = new[] { "iqn.1998-01.com.vmware:esx1-4a2b", "iqn.1998-01.com.vmware:esx2-77c1" }, chap = new { user = "esx", secret = "a secret of sixteen" } });
        await appliance.SendAsync(HttpMethod.Post, "targets", new { iqn = "iqn.2026-11.com.example.lunaria:databases", initiators = new[] { "*" } });
        await appliance.SendAsync(HttpMethod.Post, $"targets/{Uri.EscapeDataString(Iqn)}/luns", new { volume = "datastore1" });
        await appliance.SendAsync(HttpMethod.Post, $"targets/{Uri.EscapeDataString("iqn.2026-11.com.example.lunaria:databases")}/luns", new { volume = "db-primary" });
        foreach (var name in (string[])["before-upgrade", "nightly-2026-11-26", "nightly-2026-11-27"])
            await appliance.SendAsync(HttpMethod.Post, "volumes/db-primary/snapshots", new { name, consistent = name == "before-upgrade", sticky = name == "before-upgrade" });
        await appliance.SendAsync(HttpMethod.Post, "schedules", new { name = "nightly", volumes = new[] { "db-primary", "db-archive" }, every = "daily", at = "02:30", keep = new { daily = 7, weekly = 4 } });
        await appliance.SendAsync(HttpMethod.Post, "volumes/db-primary/snapshots/before-upgrade/clone", new { name = "db-test" });
    }
}
