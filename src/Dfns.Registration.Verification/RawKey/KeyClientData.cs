using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.RawKey;

/// <summary>
/// The client data of a raw key: JSON with <c>type</c> and <c>challenge</c>, in any order. Further members, an origin among them, are
/// the client's invention and prove nothing.
/// </summary>
/// <param name="Bytes">The decoded text as received: it is what gets hashed and signed.</param>
/// <param name="Challenge">The challenge as the client spells it.</param>
internal sealed record KeyClientData(ReadOnlyMemory<byte> Bytes, string Challenge)
{
    /// <summary>Reads client data.</summary>
    /// <param name="clientData">Base64url text.</param>
    /// <param name="type"><c>key.create</c> or <c>key.get</c>.</param>
    /// <returns>
    /// The client data, or <see cref="RefusalReason.ClientDataMemberInvalid"/>, <see cref="RefusalReason.TypeUnexpected"/>, or what
    /// <see cref="Base64UrlText"/> and <see cref="StrictJson"/> refuse.
    /// </returns>
    public static Outcome<KeyClientData> Read(string clientData, string type)
    {
        if (Base64UrlText.Decode(clientData, CredentialPart.ClientData).Refused(out var why, out var bytes)) return why;
        if (StrictJson.Read(bytes.Span, CredentialPart.ClientData).Refused(out why, out var json)) return why;
        if (json["type"].Text is not { } found) return new Refusal(RefusalReason.ClientDataMemberInvalid, "type");
        if (found != type) return new Refusal(RefusalReason.TypeUnexpected, found);
        if (json["challenge"].Text is not { } challenge) return new Refusal(RefusalReason.ClientDataMemberInvalid, "challenge");
        return new KeyClientData(bytes, challenge);
    }
}
