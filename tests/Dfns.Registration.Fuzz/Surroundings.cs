using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Trust;
using Dfns.Registration.Verification.Trust.Metadata;

namespace Dfns.Registration.Fuzz;

/// <summary>
/// The fixed ceremonies that inputs are put into: one relying party, one challenge, one published key as passkey and as raw key. The same
/// in every run, so an input that was kept means the same later.
/// </summary>
internal static class Surroundings
{
    public const string Challenge = "Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6I";
    public const string UserId = "us-6b58p-r53sr-rlrd3l5cj3uc4ome";
    /// <summary>
    /// What is trusted: a root that allows one authority below it, and one that it certified. Both have <see cref="Key"/>, and were made once,
    /// since anchors are compared by their bytes.
    /// </summary>
    public const string TrustedPem = """
        -----BEGIN CERTIFICATE-----
        MIIBQTCB6KADAgECAgISZzAKBggqhkjOPQQDAjAeMRwwGgYDVQQDDBNQdWJsaXNo
        ZWQgdGVzdCByb290MB4XDTIwMDEwMTAwMDAwMFoXDTQ5MDEwMTAwMDAwMFowHjEc
        MBoGA1UEAwwTUHVibGlzaGVkIHRlc3Qgcm9vdDBZMBMGByqGSM49AgEGCCqGSM49
        AwEHA0IABGD+1LolWp0xyWHrdMY1bWjASbiSO2H6bOZpYi5g8p+2eQP+EAi4vJmk
        GunpVii8ZPLxsgwtfp9Rd6PClNRGIpmjFjAUMBIGA1UdEwEB/wQIMAYBAf8CAQEw
        CgYIKoZIzj0EAwIDSAAwRQIgEgHsY7tDMJRsZVnEQBrA5uxWw2mUtPFYj2DVaKG4
        cFgCIQD38ejjuJW8ixCBMUnyEau5IQ5E9GkqV+Gcr4HRa8v95w==
        -----END CERTIFICATE-----
        -----BEGIN CERTIFICATE-----
        MIIBRjCB7aADAgECAgISZzAKBggqhkjOPQQDAjAeMRwwGgYDVQQDDBNQdWJsaXNo
        ZWQgdGVzdCByb290MB4XDTIwMDEwMTAwMDAwMFoXDTQ5MDEwMTAwMDAwMFowJjEk
        MCIGA1UEAwwbUHVibGlzaGVkIHRlc3QgaW50ZXJtZWRpYXRlMFkwEwYHKoZIzj0C
        AQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5
        A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimaMTMBEwDwYDVR0TAQH/BAUw
        AwEB/zAKBggqhkjOPQQDAgNIADBFAiEA8vw2hO6NKMJM5U+OF1mtw0m16xs4QAfN
        cCLjHLvAvWcCIDzRXDTe6mV3uz0R6+favYYRTgtmK/OJwUUhqv2fGx4o
        -----END CERTIFICATE-----
        """;

    private const string RpId = "example.co";
    private const string Origin = "https://app.example.co";

    private static readonly byte[] Id = SHA256.HashData("the one credential"u8);

    /// <summary>All algorithms offered, every format verified.</summary>
    public static RegistrationExpectation Registration { get; } = new()
    {
        Challenge = Challenge,
        RelyingPartyId = RpId,
        Origins = [Origin],
        RequireUserVerification = true,
        Algorithms = [-7, -35, -36, -47, -8, -257, -258, -259, -37, -38, -39],
        AllowSafetyNet = true,
        Now = new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero),
    };

    /// <summary>The same relying party's expectation of an assertion.</summary>
    public static AssertionExpectation Assertion { get; } = new()
    {
        Challenge = Challenge,
        RelyingPartyId = RpId,
        Origins = [Origin],
        RequireUserVerification = true,
        UserId = UserId,
    };

    /// <summary>The key of every credential here.</summary>
    public static SoftwareKey Key { get; } = SoftwareKey.PublishedP256();

    /// <summary>The certificates of <see cref="TrustedPem"/>.</summary>
    public static IReadOnlyList<TrustAnchor> Trusted { get; } =
        TrustAnchor.ReadPem(TrustedPem).Refused(out var why, out var anchors) ? throw new InvalidOperationException($"{why}") : anchors;

    /// <summary>The authority whose certificate is the first of them.</summary>
    public static TestAuthority Root { get; } = new("Published test root", key: Key);

    /// <summary>The certificates of the metadata service, whose key is <see cref="Key"/>.</summary>
    public static byte[][] MetadataSigner { get; } = Root.Certify(CertificateDraft.ForHost(Key, MetadataDraft.Host));

    /// <summary>What its clients expect.</summary>
    public static MetadataExpectation Metadata { get; } = new()
    {
        Roots = Trusted,
        SignerHost = MetadataDraft.Host,
        Now = Registration.Now,
        LastNumber = 5,
        MaxOverdue = TimeSpan.FromDays(30),
    };

    /// <summary>A passkey of format none.</summary>
    public static MadeCredential Passkey { get; } = Make(AttestationMaker.None);

    /// <summary>A raw key.</summary>
    public static MadeCredential RawKey { get; } = MakeKey();

    /// <summary>The client data of <see cref="Passkey"/>.</summary>
    public static byte[] ClientData { get; } = Base64Url.DecodeFromChars(Passkey.ClientData);

    /// <summary>The same members with a hash of its own.</summary>
    public static byte[] OtherClientData { get; } = [.. ClientData, (byte)' '];

    /// <summary>The authenticator data of <see cref="Passkey"/>.</summary>
    public static byte[] AuthenticatorData { get; } = AuthenticatorDataOf();

    /// <summary>What is stored of the passkey.</summary>
    public static StoredCredential StoredPasskey { get; } = Store(Passkey);

    /// <summary>What is stored of the raw key.</summary>
    public static StoredCredential StoredKey { get; } = Store(RawKey);

    /// <summary>Registers the passkey with a statement of some format.</summary>
    public static MadeCredential Make(AttestationMaker attestation, Action<RegistrationDraft>? change = null) =>
        new SoftwareAuthenticator { CredentialKey = Key, Attestation = attestation }.Create(Challenge, RpId, Origin, draft =>
        {
            draft.CredentialId = Id;
            change?.Invoke(draft);
        });

    /// <summary>Registers the raw key.</summary>
    public static MadeCredential MakeKey(Action<KeyDraft>? change = null) => Key.Create(Challenge, change: draft =>
    {
        draft.CredentialId = Id;
        change?.Invoke(draft);
    });

    /// <summary>An assertion with the passkey.</summary>
    public static MadeAssertion Get(Action<AssertionDraft>? change = null) =>
        new SoftwareAuthenticator { CredentialKey = Key }.Get(Challenge, RpId, Origin, Passkey.CredId, UserId, change);

    /// <summary>A statement about the passkey.</summary>
    public static byte[] Statement(AttestationMaker attestation)
    {
        byte[] statement = [];
        Make(attestation, draft => draft.AttestationObject = map => statement = map.Entries.Single(entry => entry.Key.AsSpan().SequenceEqual(Cbor.Text("attStmt"))).Value);
        return statement;
    }

    /// <summary>The passkey's attestation object with any statement in it.</summary>
    public static byte[] AttestationObject(string format, byte[] statement) => new CborMapDraft()
        .Set("fmt", Cbor.Text(format)).Set("attStmt", statement).Set("authData", Cbor.Bytes(AuthenticatorData)).ToBytes();

    /// <summary>Several parts in one input: before each but the last, its length in two bytes.</summary>
    public static byte[] Join(params byte[][] parts)
    {
        var joined = new List<byte>();
        foreach (var part in parts[..^1])
        {
            var length = new byte[sizeof(ushort)];
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)part.Length);
            joined.AddRange(length);
            joined.AddRange(part);
        }

        return [.. joined, .. parts[^1]];
    }

    /// <summary>The parts of an input; a length beyond the end stands for all that is left.</summary>
    public static byte[][] Split(byte[] input, int count)
    {
        var parts = new byte[count][];
        var rest = input.AsSpan();
        for (var index = 0; index < count - 1; index++)
        {
            var length = rest.Length < sizeof(ushort) ? 0 : BinaryPrimitives.ReadUInt16BigEndian(rest);
            rest = rest.Length < sizeof(ushort) ? [] : rest[sizeof(ushort)..];
            parts[index] = rest[..Math.Min(length, rest.Length)].ToArray();
            rest = rest[parts[index].Length..];
        }

        parts[^1] = rest.ToArray();
        return parts;
    }

    private static byte[] AuthenticatorDataOf()
    {
        byte[] data = [];
        Make(AttestationMaker.None, draft => draft.AuthenticatorData = bytes => data = bytes);
        return data;
    }

    private static StoredCredential Store(MadeCredential made)
    {
        if (CredentialVerifiers.Verify(made.ToVerify(), Registration).Refused(out var why, out var verified)) throw new InvalidOperationException($"{why}");
        return new StoredCredential
        {
            Kind = verified.Kind,
            CredentialId = verified.CredentialId,
            UserId = UserId,
            SubjectPublicKeyInfo = verified.SubjectPublicKeyInfo,
            Algorithm = verified.WebAuthn?.Algorithm,
            HashAlgorithm = verified.HashAlgorithm,
        };
    }
}
