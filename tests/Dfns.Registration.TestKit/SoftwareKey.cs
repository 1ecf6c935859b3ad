using System.Buffers.Text;
using System.Security.Cryptography;
using Dfns.Registration.Verification;
using NSec.Cryptography;

namespace Dfns.Registration.TestKit;

/// <summary>A key pair in memory, of every type that is offered and some that are not. It registers itself as a raw key, signs, and
/// serves the software authenticator.</summary>
public sealed class SoftwareKey
{
    private static readonly Lazy<RSA> Rsa2048 = new(() => RSA.Create(2048));
    private static readonly Lazy<RSA> Rsa3072 = new(() => RSA.Create(3072));
    private static readonly Lazy<RSA> Rsa1024 = new(() => RSA.Create(1024));

    private readonly Func<byte[], HashAlgorithmName, RSASignaturePadding, byte[]> sign;

    private SoftwareKey(
        string name, byte[] subjectPublicKeyInfo, CborMapDraft coseParameters, Func<byte[], HashAlgorithmName, RSASignaturePadding, byte[]> sign)
    {
        (Name, SubjectPublicKeyInfo, CoseParameters) = (name, subjectPublicKeyInfo, coseParameters);
        this.sign = sign;
    }

    /// <summary>The type: <c>P-256</c>, <c>Ed25519</c>, <c>RSA-2048</c>.</summary>
    public string Name { get; }

    /// <summary>The public key, DER.</summary>
    public byte[] SubjectPublicKeyInfo { get; }

    /// <summary>The public key, PEM of 64 columns without a final line break, as the official SDK writes it.</summary>
    public string Pem => PemEncoding.WriteString("PUBLIC KEY", SubjectPublicKeyInfo);

    private CborMapDraft CoseParameters { get; }

    /// <summary>A fresh key on P-256.</summary>
    public static SoftwareKey P256() => Ecdsa("P-256", "1.2.840.10045.3.1.7", coseCurve: 1);

    /// <summary>The key on P-256 of RFC 6979 A.2.5: the same in every run, and no secret.</summary>
    public static SoftwareKey PublishedP256() => Ecdsa(
        "P-256",
        ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            D = Convert.FromHexString("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"),
            Q = new()
            {
                X = Convert.FromHexString("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"),
                Y = Convert.FromHexString("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"),
            },
        }),
        coseCurve: 1);

    /// <summary>A fresh key on P-384.</summary>
    public static SoftwareKey P384() => Ecdsa("P-384", "1.3.132.0.34", coseCurve: 2);

    /// <summary>A fresh key on P-521.</summary>
    public static SoftwareKey P521() => Ecdsa("P-521", "1.3.132.0.35", coseCurve: 3);

    /// <summary>A fresh key on secp256k1.</summary>
    public static SoftwareKey Secp256k1() => Ecdsa("secp256k1", "1.3.132.0.10", coseCurve: 8);

    /// <summary>A fresh key on brainpoolP256r1, which nobody offers.</summary>
    public static SoftwareKey BrainpoolP256() => Ecdsa("brainpoolP256r1", "1.3.36.3.3.2.8.1.1.7", coseCurve: 256);

    /// <summary>An RSA key of 1,024, 2,048 or 3,072 bits; one a size for the whole run, since making one takes long.</summary>
    public static SoftwareKey Rsa(int bits = 2048) =>
        FromRsa((bits switch { 1024 => Rsa1024, 3072 => Rsa3072, _ => Rsa2048 }).Value);

    /// <summary>A fresh Ed25519 key.</summary>
    public static SoftwareKey Ed25519()
    {
        var key = Key.Create(SignatureAlgorithm.Ed25519);
        var point = key.Export(KeyBlobFormat.RawPublicKey);
        return new SoftwareKey(
            "Ed25519",
            key.Export(KeyBlobFormat.PkixPublicKey),
            new CborMapDraft().Set(1, Cbor.Number(1)).Set(-1, Cbor.Number(6)).Set(-2, Cbor.Bytes(point)),
            (data, _, _) => SignatureAlgorithm.Ed25519.Sign(key, data));
    }

    /// <summary>
    /// The key of a name: <c>P-256</c>, <c>P-384</c>, <c>P-521</c>, <c>secp256k1</c>, <c>Ed25519</c>, <c>RSA-2048</c>, <c>RSA-3072</c>.
    /// </summary>
    public static SoftwareKey Named(string name) => name switch
    {
        "P-256" => P256(),
        "P-384" => P384(),
        "P-521" => P521(),
        "secp256k1" => Secp256k1(),
        "Ed25519" => Ed25519(),
        "RSA-2048" => Rsa(),
        "RSA-3072" => Rsa(3072),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such key"),
    };

    /// <summary>A key of the type that a COSE algorithm number is bound to.</summary>
    public static SoftwareKey ForAlgorithm(int algorithm) => algorithm switch
    {
        -7 => P256(),
        -35 => P384(),
        -36 => P521(),
        -47 => Secp256k1(),
        -8 => Ed25519(),
        _ => Rsa(),
    };

    /// <summary>Signs: DER for ECDSA, 64 bytes for Ed25519, one block for RSA.</summary>
    public byte[] Sign(byte[] data, HashAlgorithmName hash, RSASignaturePadding? padding = null) =>
        sign(data, hash, padding ?? RSASignaturePadding.Pkcs1);

    /// <summary>Signs as a COSE algorithm number says.</summary>
    public byte[] Sign(byte[] data, int algorithm) =>
        Sign(data, HashOf(algorithm), algorithm is -37 or -38 or -39 ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);

    /// <summary>The hash of a COSE algorithm number.</summary>
    public static HashAlgorithmName HashOf(int algorithm) => algorithm switch
    {
        -35 or -258 or -38 => HashAlgorithmName.SHA384,
        -36 or -259 or -39 or -8 => HashAlgorithmName.SHA512,
        -65535 => HashAlgorithmName.SHA1,
        _ => HashAlgorithmName.SHA256,
    };

    /// <summary>The public key as COSE_Key, in canonical order.</summary>
    public CborMapDraft CoseKey(int algorithm)
    {
        var draft = new CborMapDraft().Set(1, CoseParameters.Entries[0].Value).Set(3, Cbor.Number(algorithm));
        foreach (var parameter in CoseParameters.Entries.Skip(1)) draft.Set(parameter.Key, parameter.Value);
        return draft;
    }

    /// <summary>Registers this key as a raw key: the credential of a correct client, or of one with a single fault.</summary>
    /// <param name="challenge">The challenge as it was issued.</param>
    /// <param name="kind">Key, PasswordProtectedKey or RecoveryKey.</param>
    /// <param name="change">Changes one thing before everything after it is computed.</param>
    public MadeCredential Create(string challenge, CredentialKind kind = CredentialKind.Key, Action<KeyDraft>? change = null)
    {
        var draft = new KeyDraft(this, challenge);
        change?.Invoke(draft);
        return draft.ToCredential(kind);
    }

    /// <summary>Signs with this key as a raw key: the assertion of a correct client, or of one with a single fault.</summary>
    /// <param name="challenge">The challenge as it was issued; for a recovery use <see cref="GetRecovery"/>.</param>
    /// <param name="credId">The credential id, as <see cref="MadeCredential.CredId"/> of its registration has it.</param>
    /// <param name="change">Changes one thing before everything after it is computed.</param>
    public MadeAssertion Get(string challenge, string credId, Action<KeyAssertionDraft>? change = null)
    {
        var draft = new KeyAssertionDraft(this, challenge, Base64Url.DecodeFromChars(credId));
        change?.Invoke(draft);
        return draft.ToAssertion();
    }

    /// <summary>Signs the new credentials of a recovery with this key as a recovery key.</summary>
    /// <param name="newCredentials">The JSON text of <c>newCredentials</c> as the client writes it.</param>
    /// <param name="credId">The credential id, as <see cref="MadeCredential.CredId"/> of its registration has it.</param>
    /// <param name="change">Changes one thing before everything after it is computed.</param>
    public MadeAssertion GetRecovery(string newCredentials, string credId, Action<KeyAssertionDraft>? change = null) =>
        Get(Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(newCredentials)), credId, change);

    private static SoftwareKey Ecdsa(string name, string oid, int coseCurve) => Ecdsa(name, ECDsa.Create(ECCurve.CreateFromValue(oid)), coseCurve);

    private static SoftwareKey Ecdsa(string name, ECDsa key, int coseCurve)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return new SoftwareKey(
            name,
            key.ExportSubjectPublicKeyInfo(),
            new CborMapDraft().Set(1, Cbor.Number(2)).Set(-1, Cbor.Number(coseCurve)).Set(-2, Cbor.Bytes(point.X)).Set(-3, Cbor.Bytes(point.Y)),
            (data, hash, _) => key.SignData(data, hash, DSASignatureFormat.Rfc3279DerSequence));
    }

    private static SoftwareKey FromRsa(RSA key)
    {
        var numbers = key.ExportParameters(includePrivateParameters: false);
        return new SoftwareKey(
            $"RSA-{key.KeySize}",
            key.ExportSubjectPublicKeyInfo(),
            new CborMapDraft().Set(1, Cbor.Number(3)).Set(-1, Cbor.Bytes(numbers.Modulus)).Set(-2, Cbor.Bytes(numbers.Exponent)),
            (data, hash, padding) =>
            {
                lock (key) return key.SignData(data, hash, padding);
            });
    }
}
