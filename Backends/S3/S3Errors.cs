using System.Net;
using System.Security.Authentication;
using Amazon.Runtime;
using Amazon.S3;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.S3;

/// <summary>Turns failures of a request into kinds of <see cref="ObjectStoreError"/>. Stateless; any thread.</summary>
internal static class S3Errors
{
    /// <summary>What a caller can do about the failure; the message names the store, what was asked of it, the cause and the remedy.</summary>
    public static ObjectStoreException Translate(Exception cause, string store, string request) => cause switch
    {
        ObjectStoreException known => known,
        AmazonS3Exception answer => TranslateAnswer(answer, store, request),
        OperationCanceledException => Make(ObjectStoreError.Retry, store, request, "it did not answer in time", "Check the store and the network.", cause),
        _ when cause is AmazonClientException && cause.Message.Contains("credentials", StringComparison.OrdinalIgnoreCase) => Make(
            ObjectStoreError.Retry, store, request, "no credentials were found", "Name a credentials file, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.", cause),
        _ when FindInner<AuthenticationException>(cause) is { } tls => Make(
            ObjectStoreError.Retry, store, request, $"its certificate is not accepted ({tls.Message})", "Name the CA that issued it in caFile, or correct the endpoint.", cause),
        _ => Make(ObjectStoreError.Retry, store, request, $"it cannot be reached ({(cause.InnerException ?? cause).Message})", "Check the store, the endpoint and the network.", cause),
    };

    /// <summary>True where another address of the same store may do better.</summary>
    public static bool IsEndpointFault(Exception cause) => cause is not AmazonS3Exception answer || (int)answer.StatusCode >= 500;

    /// <summary>True where an upload's condition did not hold.</summary>
    public static bool IsFailedCondition(AmazonS3Exception answer) => answer.StatusCode is HttpStatusCode.PreconditionFailed;

    /// <summary>True where the answer says that nobody may do this: at the start that is final, later somebody may mend it.</summary>
    public static bool IsRefusal(ObjectStoreException failure) => failure.InnerException switch
    {
        AmazonS3Exception answer => answer.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized || answer.ErrorCode == "NoSuchBucket",
        { } cause => FindInner<AuthenticationException>(cause) is not null || failure.Message.Contains("no credentials", StringComparison.Ordinal),
        null => false,
    };

    private static ObjectStoreException TranslateAnswer(AmazonS3Exception answer, string store, string request)
    {
        ObjectStoreException Is(ObjectStoreError error, string reason, string remedy) => Make(error, store, request, reason, remedy, answer);
        return (answer.StatusCode, answer.ErrorCode) switch
        {
            (_, "NoSuchBucket") => Is(ObjectStoreError.Retry, "there is no such bucket", "Create it, or correct the bucket's name."),
            (HttpStatusCode.NotFound, _) => Is(ObjectStoreError.NotFound, "there is no such object", "Restore it from a copy."),
            (HttpStatusCode.PreconditionFailed, _) => Is(ObjectStoreError.Exists, "another object is there", "Only one appliance may write to a pool."),
            (HttpStatusCode.RequestedRangeNotSatisfiable, _) => Is(ObjectStoreError.Fatal, "the object is shorter than that", "Restore it from a copy."),
            (_, "QuotaExceeded") or (HttpStatusCode.InsufficientStorage, _) => Is(ObjectStoreError.OutOfSpace, "it has no space left for this user", "Raise the quota, or add space."),
            (_, "RequestTimeTooSkewed") => Is(ObjectStoreError.Retry, "this machine's clock differs too much from the store's", "Set the clock."),
            (_, "InvalidAccessKeyId") => Is(ObjectStoreError.Retry, "it does not know the access key", "Correct the credentials."),
            (_, "SignatureDoesNotMatch") => Is(ObjectStoreError.Retry, "the secret key is not the access key's", "Correct the credentials."),
            (HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized, _) => Is(
                ObjectStoreError.Retry, $"access is denied ({answer.ErrorCode})", "Correct the credentials, or give them the right to list, read, write and delete."),
            (HttpStatusCode.NotImplemented or HttpStatusCode.MethodNotAllowed, _) => Is(ObjectStoreError.Fatal, $"it does not know this request ({answer.ErrorCode})", "Use another store."),
            _ => Is(ObjectStoreError.Retry, $"it answered {(int)answer.StatusCode} {answer.ErrorCode}", "Check the store."),
        };
    }

    private static T? FindInner<T>(Exception? cause) where T : Exception
    {
        for (; cause is not null; cause = cause.InnerException)
            if (cause is T found)
                return found;
        return null;
    }

    private static ObjectStoreException Make(ObjectStoreError error, string store, string request, string reason, string remedy, Exception inner) =>
        new(error, $"{store}: {request} failed, since {reason}. {remedy}", inner);
}
