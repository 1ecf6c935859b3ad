using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Dfns.Registration.Verification;

namespace Dfns.Registration.TestKit;

/// <summary>
/// A WebAuthn registration in the making, layer over layer: client data, authenticator data, statement, attestation object, texts.
/// What a test changes in one layer enters everything that is computed, and signed, above it.
/// </summary>
public sealed class RegistrationDraft
{
    /// <summary>The flags UP, UV and AT.</summary>
    public const byte UsualFlags = 0x45;

    internal RegistrationDraft(SoftwareAuthenticator authenticator, string challenge, string rpId, string origin)
    {
        Algorithm = authenticator.Algorithm;
        CredentialKey = authenticator.CredentialKey;
        Attestation = authenticator.Attestation;
        Aaguid = authenticator.Aaguid;
        Certify = authenticator.Certify;
        RpId = rpId;
        CoseKey = CredentialKey.CoseKey(Algorithm);
        ClientData.Set("type", "webauthn.create").Set("challenge", challenge).Set("origin", origin).Set("crossOrigin", false);
    }

    /// <summary>Client data: <c>type</c>, <c>challenge</c> (variant B, verbatim), <c>origin</c>, <c>crossOrigin</c>.</summary>
    public JsonDraft ClientData { get; } = new();

    /// <summary>The RP ID whose hash is in the authenticator data.</summary>
    public string RpId { get; set; }

    /// <summary>The flags; <see cref="UsualFlags"/> to begin with.</summary>
    public byte Flags { get; set; } = UsualFlags;

    /// <summary>The signature counter.</summary>
    public uint SignCount { get; set; }

    /// <summary>The authenticator model.</summary>
    public Guid Aaguid { get; set; }

    /// <summary>The credential id, attested and in the request.</summary>
    public byte[] CredentialId { get; set; } = RandomNumberGenerator.GetBytes(32);

    /// <summary>The COSE algorithm number of the credential key.</summary>
    public int Algorithm { get; }

    /// <summary>The credential key pair.</summary>
    public SoftwareKey CredentialKey { get; }

    /// <summary>The credential public key as it is attested.</summary>
    public CborMapDraft CoseKey { get; set; }

    /// <summary>Bytes after the attested credential data; a test that sets them sets flag ED as well, or does not.</summary>
    public byte[] Extensions { get; set; } = [];

    /// <summary>Makes the statement of one format.</summary>
    public AttestationMaker Attestation { get; set; }

    /// <summary>Certifies the attestation key: its certificate, then those of the authorities that the statement brings along.</summary>
    public Func<CertificateDraft, byte[][]> Certify { get; set; }

    /// <summary>Authenticator data as a whole.</summary>
    public Func<byte[], byte[]> AuthenticatorData { get; set; } = bytes => bytes;

    /// <summary>Client data hash as the statement signs it.</summary>
    public Func<byte[], byte[]> ClientDataHash { get; set; } = bytes => bytes;

    /// <summary>The attestation signature.</summary>
    public Func<byte[], byte[]> Signature { get; set; } = bytes => bytes;

    /// <summary>The attestation statement, after signing.</summary>
    public Action<CborMapDraft> Statement { get; set; } = _ => { };

    /// <summary>The attestation object: <c>fmt</c>, <c>attStmt</c>, <c>authData</c>, in this order.</summary>
    public Action<CborMapDraft> AttestationObject { get; set; } = _ => { };

    /// <summary>The texts of the request.</summary>
    public Func<MadeCredential, MadeCredential> Texts { get; set; } = made => made;

    /// <summary>Sets <c>challenge</c> to variant A: base64url of the UTF-8 bytes of the text, as the official browser SDK does.</summary>
    public void EncodeChallengeText(string challenge) =>
        ClientData.Set("challenge", Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(challenge)));

    internal MadeCredential ToCredential()
    {
        var clientData = ClientData.ToBytes();
        var authenticatorData = AuthenticatorData(EncodeAuthenticatorData());

        byte[] signedBytes = [.. authenticatorData, .. ClientDataHash(SHA256.HashData(clientData))];
        var statement = Attestation.MakeStatement(this, signedBytes);
        Statement(statement);

        var attestationObject = new CborMapDraft()
            .Set("fmt", Cbor.Text(Attestation.Format))
            .Set("attStmt", statement.ToBytes())
            .Set("authData", Cbor.Bytes(authenticatorData));
        AttestationObject(attestationObject);
        return Texts(MadeCredential.Of(CredentialKind.Fido2, CredentialId, clientData, attestationObject.ToBytes()));
    }

    private byte[] EncodeAuthenticatorData()
    {
        var counter = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(counter, SignCount);
        var length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)CredentialId.Length);
        return
        [
            .. SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(RpId)),
            Flags,
            .. counter,
            .. Aaguid.ToByteArray(bigEndian: true),
            .. length,
            .. CredentialId,
            .. CoseKey.ToBytes(),
            .. Extensions,
        ];
    }
}
