using System.Buffers.Binary;
using System.Formats.Cbor;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.SecondOpinion.Tests;

/// <summary>An attestation object (WebAuthn L3 §6.5.4) in its three parts, so that each can be changed by itself.</summary>
internal sealed record AttestationParts
{
    /// <summary>Takes a well-formed one apart.</summary>
    public AttestationParts(byte[] attestationObject)
    {
        var reader = new CborReader(attestationObject);
        var members = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        for (var left = reader.ReadStartMap(); left > 0; left--) members.Add(reader.ReadTextString(), reader.ReadEncodedValue().ToArray());
        Format = new CborReader(members["fmt"]).ReadTextString();
        Statement = members["attStmt"];
        AuthenticatorData = new CborReader(members["authData"]).ReadByteString();
    }

    /// <summary>The format.</summary>
    public string Format { get; }

    /// <summary>The statement, encoded.</summary>
    public byte[] Statement { get; init; }

    /// <summary>The authenticator data.</summary>
    public byte[] AuthenticatorData { get; init; }

    /// <summary>The credential public key, which is the rest of authenticator data without extensions (§6.5.1).</summary>
    public ReadOnlyMemory<byte> CredentialPublicKey => AuthenticatorData.AsMemory(55 + BinaryPrimitives.ReadUInt16BigEndian(AuthenticatorData.AsSpan(53)));

    /// <summary>The format that an attestation object names, however the rest of it is; "unreadable" where it names none.</summary>
    public static string FormatOf(byte[] attestationObject)
    {
        try
        {
            var reader = new CborReader(attestationObject, CborConformanceMode.Lax);
            reader.ReadStartMap();
            while (reader.PeekState() == CborReaderState.TextString)
            {
                if (reader.ReadTextString() == "fmt") return reader.ReadTextString();
                reader.SkipValue();
            }
        }
        catch (Exception fault) when (fault is CborContentException or InvalidOperationException)
        {
            // It is to be refused for being so.
        }

        return "unreadable";
    }

    /// <summary>Puts the parts together, with lengths that fit.</summary>
    public byte[] ToBytes() => new CborMapDraft()
        .Set("fmt", Cbor.Text(Format)).Set("attStmt", Statement).Set("authData", Cbor.Bytes(AuthenticatorData)).ToBytes();
}
