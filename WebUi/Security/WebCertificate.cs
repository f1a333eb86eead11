using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Lunaria.WebUi.Security;

/// <summary>
/// The certificate of the API: the administrator's own, or one that is made at the first start and kept in <c>web/</c> of the data directory.
/// Clients on this machine trust it by its file. Stateless.
/// </summary>
public static class WebCertificate
{
    private const int ValidDays = 825;
    private const int RenewDays = 30;

    /// <summary>Where the certificate in use lies, PEM, for clients of this machine.</summary>
    public static string GetPath(string dataDirectory) => Path.Combine(dataDirectory, "web", "certificate.pem");

    /// <summary>Shows clients of this machine which certificate is in use.</summary>
    public static void Publish(string dataDirectory, X509Certificate2 certificate) =>
        PrivateFile.Write(GetPath(dataDirectory), Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n"));

    /// <summary>
    /// Reads the certificate of the data directory; makes it where absent or about to expire. <paramref name="names"/>: what clients call this machine.
    /// </summary>
    public static X509Certificate2 Open(string dataDirectory, IReadOnlyList<string> names, TimeProvider time)
    {
        var (path, keyPath) = (Path.Combine(dataDirectory, "web", "own.pem"), Path.Combine(dataDirectory, "web", "own.key"));
        if (File.Exists(path) && File.Exists(keyPath))
        {
            var kept = Load(path, keyPath);
            if (kept.NotAfter.ToUniversalTime() > time.GetUtcNow().UtcDateTime.AddDays(RenewDays))
                return kept;
            kept.Dispose();
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = Create(key, names, time.GetUtcNow());
        PrivateFile.Write(keyPath, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
        PrivateFile.Write(path, Encoding.ASCII.GetBytes(made.ExportCertificatePem() + "\n"));
        return Load(path, keyPath);
    }

    /// <summary>Reads a certificate and its key, PEM; InvalidDataException says what is wrong with them.</summary>
    public static X509Certificate2 Load(string certificatePath, string keyPath)
    {
        try
        {
            // Windows' TLS takes no key that lives in memory only; a PKCS #12 in between gives it one.
            using var pem = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
            return OperatingSystem.IsWindows()
                ? X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null)
                : new X509Certificate2(pem);
        }
        catch (Exception e) when (e is CryptographicException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidDataException($"the certificate {certificatePath} with the key {keyPath} cannot be used: {e.Message} Give PEM files that belong together.", e);
        }
    }

    private static X509Certificate2 Create(ECDsa key, IReadOnlyList<string> names, DateTimeOffset now)
    {
        var request = new CertificateRequest("CN=Lunaria", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false)); // server authentication
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(ValidDays));
    }
}
