using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.WebAuthn;

/// <summary>An attestation object (WebAuthn L3 §6.5.4): authenticator data and a statement about it. Further members are ignored.</summary>
/// <param name="Format">The attestation statement format identifier, as received.</param>
/// <param name="AuthenticatorData">The authenticator data.</param>
/// <param name="Statement">The attestation statement: a map, or for <c>compound</c> an array; its format's file reads it.</param>
internal sealed record AttestationObject(string Format, AuthenticatorData AuthenticatorData, object Statement)
{
    /// <summary>Reads an attestation object.</summary>
    /// <param name="bytes">The CBOR encoding and nothing else.</param>
    /// <returns>
    /// The object, or <see cref="RefusalReason.AttestationObjectMemberInvalid"/>, or one of the reasons that begin with Cbor or with
    /// AuthenticatorData.
    /// </returns>
    public static Outcome<AttestationObject> Read(ReadOnlyMemory<byte> bytes)
    {
        if (CborMap.Read(bytes, "attestation object").Refused(out var why, out var map)) return why;

        if (map["fmt"] is not string format) return Invalid("fmt");
        if (map["authData"] is not ReadOnlyMemory<byte> encoded) return Invalid("authData");
        if (map["attStmt"] is not { } statement || statement is not (CborMap or IReadOnlyList<object>)) return Invalid("attStmt");
        if (AuthenticatorData.Read(encoded).Refused(out why, out var authenticatorData)) return why;

        return new AttestationObject(format, authenticatorData, statement);
    }

    private static Refusal Invalid(string member) => new(RefusalReason.AttestationObjectMemberInvalid, member);
}
