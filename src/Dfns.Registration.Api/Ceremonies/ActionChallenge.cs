using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>
/// The challenge of a user action. It follows from the call that is to be signed, so that whoever has signed it has signed the call: nobody
/// has to believe this service which call a random challenge was for. What makes it one that nobody can foresee (WebAuthn L3 §13.4.3) is the id,
/// 130 random bits that are told with it.
/// </summary>
internal static class ActionChallenge
{
    private const string Version = "dfns-registration user action 1";

    /// <summary>The methods of calls that are signed.</summary>
    public static readonly IReadOnlyList<string> Methods = ["POST", "PUT", "DELETE", "GET"];

    /// <summary>
    /// Whether a path can be signed for: what RFC 3986 §3.3 spells, so that it ends no line. Else the lines of one call could be read as those of another.
    /// </summary>
    public static bool IsPath(string path) => path.StartsWith('/') && path.All(c => c is > ' ' and < '\u007F');

    /// <summary>
    /// The challenge for one call. None of the values holds a line break (<see cref="IsPath"/>, <see cref="Methods"/>, and ids and digests that are drawn here):
    /// whoever is told them by somebody else looks first.
    /// </summary>
    /// <param name="organisationId">Of the caller.</param>
    /// <param name="userId">The caller.</param>
    /// <param name="id">Of the user action; drawn for it.</param>
    /// <param name="method">The HTTP method, in upper case.</param>
    /// <param name="path">The path, without the query.</param>
    /// <param name="payloadDigest">See <see cref="SignedPayload"/>.</param>
    /// <returns>Unpadded base64url of the SHA-256 of all of it, in lines: 43 characters.</returns>
    public static string Of(string organisationId, string userId, string id, string method, string path, string payloadDigest) =>
        Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($"{Version}\n{organisationId}\n{userId}\n{id}\n{method}\n{path}\n{payloadDigest}")));
}
