using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.S3;

/// <summary>Finds the access keys. Stateless; any thread. No message holds a secret.</summary>
internal static class S3Credentials
{
    /// <summary>The keys of the credentials file; null = the SDK looks for them in the environment, in ~/.aws and in the machine's role.</summary>
    public static AWSCredentials? Find(S3StoreOptions options)
    {
        if (options.CredentialsFile is not { } path)
            return null;
        if (!File.Exists(path))
            throw Refuse($"The credentials file {path} is not there. Write one, with [{options.Profile}], aws_access_key_id and aws_secret_access_key.", null);
        try
        {
            var file = new SharedCredentialsFile(path);
            return file.TryGetProfile(options.Profile, out CredentialProfile profile)
                ? profile.GetAWSCredentials(file)
                : throw Refuse($"The credentials file {path} has no complete section [{options.Profile}]. Write aws_access_key_id and aws_secret_access_key into it.", null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or AmazonClientException or InvalidDataException)
        {
            throw Refuse($"The credentials file {path} cannot be read ({e.GetType().Name}). Correct its form and its permissions.", e);
        }
    }

    private static ObjectStoreException Refuse(string message, Exception? cause) => new(ObjectStoreError.Fatal, message, cause);
}
