using System.Security.Cryptography;
using CsCheck;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Keys;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Keys;

/// <summary>Libcrypto and the framework give the same answer to everything: the same verdict, and the same refusal to its last character.</summary>
[Collection(nameof(RunAlone))]
public sealed class BothPathsTests
{
    private static readonly AttestationMaker[] Makers =
    [
        AttestationMaker.None, AttestationMaker.PackedSelf, AttestationMaker.PackedCertified(), AttestationMaker.PackedCertified(-257), AttestationMaker.PackedCertified(-37),
        AttestationMaker.FidoU2f(), AttestationMaker.Tpm(), AttestationMaker.Tpm(-65535), AttestationMaker.AndroidKey(), AttestationMaker.Apple(), AttestationMaker.SafetyNet(),
        AttestationMaker.Compound(AttestationMaker.PackedSelf, AttestationMaker.Tpm(-7)),
    ];

    public static TheoryData<string, string> KeysAndHashes
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var key in new[] { "P-256", "P-384", "P-521", "secp256k1", "RSA-2048", "RSA-3072", "Ed25519" })
                foreach (var hash in new[] { "SHA256", "SHA384", "SHA512" }) data.Add(key, hash);
            return data;
        }
    }

    [Fact]
    public void Give_the_same_verdict_on_every_format()
    {
        Assert.All(Makers, maker => Alike(Make(maker), Expected with { AllowSafetyNet = true }));
        Assert.All(Makers, maker => Alike(MakeCertified(maker, new TestAuthority("Intermediate", TestAuthority.Trusted)), Trusting()));
        Assert.All(Makers, maker => Alike(MakeCertified(maker, new TestAuthority("Trusted test root")), Trusting()));
    }

    [Fact]
    public void Give_the_same_verdict_on_every_algorithm() =>
        Assert.All(Expected.Algorithms, algorithm => Alike(Make(AttestationMaker.PackedSelf, algorithm: algorithm), Expected));

    [Fact]
    public void Refuse_every_fault_alike() => Assert.All(Faults.Reasons, reason => Alike(
        Faults.Make(reason, Challenge, RpId, Origin),
        Expected with { Algorithms = [-7, -8, -257], AllowSafetyNet = true, Trust = Faults.NeedsDistrust(reason) ? Faults.Distrust(reason) : new() }));

    [Fact]
    public void Give_the_same_verdict_on_assertions() => Assert.All(Expected.Algorithms, algorithm =>
    {
        var (authenticator, credential) = Authentication.Registered(algorithm);
        Func<byte[], byte[]>[] changes = [bytes => bytes, bytes => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)], bytes => [.. bytes, 0]];
        Assert.All(changes, change =>
        {
            var made = Authentication.Sign(authenticator, credential, draft => draft.Signature = change).ToVerify();
            Alike(() => AssertionVerifiers.Verify(made, credential, Authentication.Expected));
        });
    });

    [Theory]
    [MemberData(nameof(KeysAndHashes))]
    public void Give_the_same_answer_to_any_change_of_a_signature(string name, string hash)
    {
        var signer = SoftwareKey.Named(name);
        var key = Accepted(SubjectPublicKeyInfo.Read(signer.SubjectPublicKeyInfo));
        byte[] data = [1, 2, 3];
        var algorithm = new HashAlgorithmName(hash);
        foreach (var padding in name.StartsWith("RSA", StringComparison.Ordinal) ? [RSASignaturePadding.Pkcs1, RSASignaturePadding.Pss] : new[] { RSASignaturePadding.Pkcs1 })
        {
            var scheme = new SignatureScheme(algorithm, padding);
            var signature = signer.Sign(data, algorithm, padding);
            Assert.True(Alike(() => key.Verifies(data, signature, scheme)));
            // A hash that is longer than the order is cut by both.
            Assert.False(Alike(() => key.Verifies([1, 2, 4], signature, scheme)));
            Gen.Select(Gen.Int[0, signature.Length - 1], Gen.Int[0, 7]).Sample(
                (at, bit) =>
                {
                    var changed = signature.ToArray();
                    changed[at] ^= (byte)(1 << bit);
                    return !Alike(() => key.Verifies(data, changed, scheme));
                },
                iter: 40,
                threads: 1);
            Gen.Byte.Array[0, 150].Sample(any => !Alike(() => key.Verifies(data, any, scheme)), iter: 40, threads: 1);
        }
    }

    private static void Alike(MadeCredential made, RegistrationExpectation expected) => Alike(() => CredentialVerifiers.Verify(made.ToVerify(), expected));

    private static void Alike<T>(Func<Outcome<T>> verify)
        where T : notnull
    {
        var (byLibcrypto, byFramework) = (CryptographyPath.With(frameworkOnly: false, verify), CryptographyPath.With(frameworkOnly: true, verify));
        Assert.Equal(byFramework.Refused(out var why, out _), byLibcrypto.Refused(out var libcryptoWhy, out _));
        Assert.Equal(why, libcryptoWhy);
    }

    private static bool Alike(Func<bool> ask)
    {
        var byLibcrypto = CryptographyPath.With(frameworkOnly: false, ask);
        Assert.Equal(CryptographyPath.With(frameworkOnly: true, ask), byLibcrypto);
        return byLibcrypto;
    }
}
