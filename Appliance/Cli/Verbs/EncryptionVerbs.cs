using System.CommandLine;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria encryption ...</c>.</summary>
internal static class EncryptionVerbs
{
    public static Command Create(VerbFactory verbs) => VerbFactory.Noun(
        "encryption",
        "The keys of an encrypted pool or bucket.",
        verbs.Create("status", "Whether the store is encrypted and compressed, and ids of the keys that open it.", "encryption status", call =>
            call.ShowAsync(HttpMethod.Get, "encryption", ApiJson.Default.EncryptionView, view => Show(view, call.Output))),
        Rotate(verbs),
        verbs.Create("renew", "Encrypt what is stored from now on with a new data key.", "encryption renew", call =>
            call.ShowAsync(HttpMethod.Post, "encryption/renew", ApiJson.Default.EncryptionView, view => Show(view, call.Output))));

    private static Command Rotate(VerbFactory verbs)
    {
        var source = new Argument<string>("KEY") { Description = "Where the appliance finds the next key: file:PATH or environment:NAME." };
        return verbs.Create(
            "rotate",
            "Let another key open the store; after a start with it in backend.encryptionKey, the former one does not any more. No data is written again.",
            "encryption rotate file:next.key",
            call => call.ShowAsync(
                HttpMethod.Post, "encryption/rotate", new RotateKey { Source = call.Get(source) }, ApiJson.Default.RotateKey, ApiJson.Default.EncryptionView, view => Show(view, call.Output)),
            [source]);
    }

    private static void Show(EncryptionView view, TextWriter output)
    {
        if (view.Encrypted)
        {
            output.WriteLine($"opened by    key {string.Join(" or ", view.KeyIds)}{(view.KeyIds.Count > 1 ? "; set backend.encryptionKey to the last one, and start again" : "")}");
            output.WriteLine($"data keys    {view.DataKeys}");
        }
        else
        {
            output.WriteLine("not encrypted: backend.encryptionKey is not set");
        }

        output.WriteLine($"compression  {(view.Compressed ? "on" : "off")}");
        if (view.Encrypted || view.Compressed)
            output.WriteLine($"stored       {VerbCall.Size(view.PutBytes)} since the start, which take {VerbCall.Size(view.StoredBytes)}");
        if (view.Encrypted && view.HasPlainObjects)
            output.WriteLine("what was stored before encryption was turned on is as it was until garbage collection or new writes replace it");
    }
}
