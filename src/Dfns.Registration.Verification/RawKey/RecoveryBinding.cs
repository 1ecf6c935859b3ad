using System.Text.Json;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.RawKey;

/// <summary>
/// What ties a recovery key's signature to the credentials that are to replace the old ones: the challenge in its client data is
/// base64url of the JSON text of <c>newCredentials</c>. Clients write that text in their own way and order, so the two are compared as
/// JSON values. The issued challenge itself, which some signers would sign as it stands, protects nothing and is refused.
/// </summary>
internal static class RecoveryBinding
{
    /// <summary>Holds the signed challenge against the new credentials of the request.</summary>
    /// <param name="challenge">
    /// The challenge of the recovery key's client data: base64url of UTF-8 JSON, of either alphabet, padded or not.
    /// </param>
    /// <param name="newCredentials">The value of <c>newCredentials</c> as it stands in the request body.</param>
    /// <returns>
    /// Null when both are the same JSON object: members in any order, none missing on either side, unknown ones included; strings
    /// compared after unescaping, numbers as they are spelled. Otherwise <see cref="RefusalReason.RecoveryNotBound"/> or
    /// <see cref="RefusalReason.RecoveryCredentialsDiffer"/>, or for <paramref name="newCredentials"/> what <see cref="StrictJson"/>
    /// refuses.
    /// </returns>
    public static Refusal? Refuse(string challenge, ReadOnlyMemory<byte> newCredentials)
    {
        if (StrictJson.ReadWhole(newCredentials, CredentialPart.NewCredentials).Refused(out var why, out var received)) return why;
        using var receivedJson = received;
        if (Base64UrlText.Decode(challenge, CredentialPart.ClientData).Refused(out why, out var bytes)) return NotBound(why);
        if (StrictJson.ReadWhole(bytes, CredentialPart.ClientData).Refused(out why, out var signed)) return NotBound(why);
        using var signedJson = signed;

        return FirstDifference(signed.RootElement, received.RootElement, "newCredentials") is { } path
            ? new(RefusalReason.RecoveryCredentialsDiffer, path)
            : null;
    }

    private static Refusal NotBound(Refusal why) => new(RefusalReason.RecoveryNotBound, $"{why.Reason}");

    // Depth is bounded and no name stands twice: StrictJson has seen to both.
    private static string? FirstDifference(JsonElement signed, JsonElement received, string path)
    {
        if (signed.ValueKind != received.ValueKind) return path;
        return signed.ValueKind switch
        {
            JsonValueKind.Object => FirstDifferenceOfObjects(signed, received, path),
            JsonValueKind.Array => FirstDifferenceOfArrays(signed, received, path),
            JsonValueKind.String => signed.GetString() == received.GetString() ? null : path,
            // No member of a credential is a number; 1 and 1.0 in an unknown one are two texts, and count as two values.
            JsonValueKind.Number => signed.GetRawText() == received.GetRawText() ? null : path,
            _ => null,
        };
    }

    private static string? FirstDifferenceOfObjects(JsonElement signed, JsonElement received, string path)
    {
        // Names are looked up in a table: an object of thousands of members must not cost millions of comparisons.
        var counterparts = received.EnumerateObject().ToDictionary(member => member.Name, member => member.Value, StringComparer.Ordinal);
        foreach (var member in signed.EnumerateObject())
        {
            var memberPath = $"{path}.{member.Name}";
            if (!counterparts.Remove(member.Name, out var counterpart)) return memberPath;
            if (FirstDifference(member.Value, counterpart, memberPath) is { } difference) return difference;
        }

        return counterparts.Count == 0 ? null : $"{path}.{counterparts.First().Key}";
    }

    private static string? FirstDifferenceOfArrays(JsonElement signed, JsonElement received, string path)
    {
        if (signed.GetArrayLength() != received.GetArrayLength()) return path;
        var index = 0;
        foreach (var (item, counterpart) in signed.EnumerateArray().Zip(received.EnumerateArray()))
            if (FirstDifference(item, counterpart, $"{path}[{index++}]") is { } difference) return difference;
        return null;
    }
}
