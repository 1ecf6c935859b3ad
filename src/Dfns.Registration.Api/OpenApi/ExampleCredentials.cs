using System.Buffers.Binary;
using System.Buffers.Text;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Dfns.Registration.Api.OpenApi;

/// <summary>Makes one credential of each kind, signed with a key that is thrown away: what a client sends, for a reader to see and send.</summary>
/// <param name="challenge">The challenge text to sign.</param>
/// <param name="relyingPartyId">RP ID of the passkey.</param>
/// <param name="origin">Origin the ceremonies pretend to run on.</param>
internal sealed class ExampleCredentials(string challenge, string relyingPartyId, string origin)
{
    private const string Password = "correct horse battery staple";

    public JsonObject Fido2()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var credentialId = RandomNumberGenerator.GetBytes(32);
        var clientData = new JsonObject { ["type"] = "webauthn.create", ["challenge"] = challenge, ["origin"] = origin, ["crossOrigin"] = false };
        return Credential("Fido2", "Example passkey", credentialId, Utf8(clientData), AttestationObject(key, credentialId));
    }

    public JsonObject Key() => RawKey("Key", "Example key", withPrivateKey: false);

    public JsonObject PasswordProtectedKey() => RawKey("PasswordProtectedKey", "Example password-protected key", withPrivateKey: true);

    public JsonObject RecoveryKey() => RawKey("RecoveryKey", "Example recovery key", withPrivateKey: true);

    private JsonObject RawKey(string kind, string name, bool withPrivateKey)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = key.ExportSubjectPublicKeyInfoPem();
        var clientData = Utf8(new JsonObject { ["type"] = "key.create", ["challenge"] = challenge, ["origin"] = origin, ["crossOrigin"] = false });
        var fingerprint = Utf8(new JsonObject { ["clientDataHash"] = Convert.ToHexStringLower(SHA256.HashData(clientData)), ["publicKey"] = pem });
        var signature = key.SignData(fingerprint, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        var attestation = Utf8(new JsonObject { ["publicKey"] = pem, ["signature"] = Convert.ToHexStringLower(signature) });
        var credential = Credential(kind, name, SHA256.HashData(key.ExportSubjectPublicKeyInfo()), clientData, attestation);
        if (withPrivateKey) credential["encryptedPrivateKey"] = Encrypt(key);
        return credential;
    }

    private static JsonObject Credential(string kind, string name, byte[] id, byte[] clientData, byte[] attestationData) => new()
    {
        ["credentialKind"] = kind,
        ["credentialName"] = name,
        ["credentialInfo"] = new JsonObject
        {
            ["credId"] = Base64Url.EncodeToString(id),
            ["clientData"] = Base64Url.EncodeToString(clientData),
            ["attestationData"] = Base64Url.EncodeToString(attestationData),
        },
    };

    private byte[] AttestationObject(ECDsa key, byte[] credentialId)
    {
        // WebAuthn L3 §6.1: hash of the RP ID, flags UP, UV and AT, counter; then AAGUID, credential id and COSE key.
        var authenticatorData = new List<byte>(SHA256.HashData(Encoding.UTF8.GetBytes(relyingPartyId))) { 0x45, 0, 0, 0, 0 };
        authenticatorData.AddRange(new byte[16]);
        var length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)credentialId.Length);
        authenticatorData.AddRange(length);
        authenticatorData.AddRange(credentialId);

        var point = key.ExportParameters(includePrivateParameters: false).Q;
        var cose = new CborWriter(CborConformanceMode.Ctap2Canonical);
        cose.WriteStartMap(5);
        foreach (var (label, value) in new[] { (1, 2), (3, -7), (-1, 1) })
        {
            cose.WriteInt32(label);
            cose.WriteInt32(value);
        }

        foreach (var (label, coordinate) in new[] { (-2, point.X!), (-3, point.Y!) })
        {
            cose.WriteInt32(label);
            cose.WriteByteString(coordinate);
        }

        cose.WriteEndMap();
        authenticatorData.AddRange(cose.Encode());

        var attestation = new CborWriter(CborConformanceMode.Ctap2Canonical);
        attestation.WriteStartMap(3);
        attestation.WriteTextString("fmt");
        attestation.WriteTextString("none");
        attestation.WriteTextString("attStmt");
        attestation.WriteStartMap(0);
        attestation.WriteEndMap();
        attestation.WriteTextString("authData");
        attestation.WriteByteString([.. authenticatorData]);
        attestation.WriteEndMap();
        return attestation.Encode();
    }

    // The envelope official clients write; to the service it is opaque text.
    private static string Encrypt(ECDsa key)
    {
        var salt = SHA256.HashData("example"u8);
        using var cipher = new AesGcm(Rfc2898DeriveBytes.Pbkdf2(Password, salt, 100_000, HashAlgorithmName.SHA256, 32), 16);
        var plain = key.ExportPkcs8PrivateKey();
        var nonce = RandomNumberGenerator.GetBytes(12);
        var sealedKey = new byte[plain.Length + 16];
        cipher.Encrypt(nonce, plain, sealedKey.AsSpan(0, plain.Length), sealedKey.AsSpan(plain.Length));
        var envelope = new JsonObject { ["iv"] = Convert.ToBase64String(nonce), ["key"] = Convert.ToBase64String(sealedKey) };
        return Convert.ToBase64String(Utf8(envelope));
    }

    private static byte[] Utf8(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString(Wire.WireJson.Options));
}
