using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Keys;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Keys;

/// <summary>The calls into libcrypto: to which library, how many keys, and that none is left behind.</summary>
[Collection(nameof(RunAlone))]
public sealed class LibcryptoTests
{
    private static readonly SignatureScheme Sha256 = new(HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    /// <summary>Attestation makers with the number of signatures that their verification verifies by ECDSA or RSA, and under a root.</summary>
    public static TheoryData<AttestationMaker, int, int> Signatures => new()
    {
        { AttestationMaker.None, 0, 0 },
        { AttestationMaker.PackedSelf, 1, 1 },
        { AttestationMaker.PackedCertified(), 1, 3 },
        { AttestationMaker.PackedCertified(-257), 1, 3 },
        { AttestationMaker.PackedCertified(-8), 0, 2 },
        { AttestationMaker.FidoU2f(), 1, 2 },
        { AttestationMaker.Tpm(), 1, 3 },
        { AttestationMaker.AndroidKey(), 1, 3 },
        { AttestationMaker.Apple(), 0, 2 },
        { AttestationMaker.SafetyNet(), 1, 3 },
    };

    [Fact]
    public void Is_used_where_the_framework_has_OpenSSL_3()
    {
        var isExpected = OperatingSystem.IsLinux() && SafeEvpPKeyHandle.OpenSslVersion >> 28 == 3;
        Assert.Equal(isExpected, CryptographyPath.With(frameworkOnly: false, () => Libcrypto.IsUsed));
        Assert.False(CryptographyPath.With(frameworkOnly: true, () => Libcrypto.IsUsed));
    }

    [Fact]
    public void Is_the_one_library_that_the_framework_has_loaded()
    {
        if (!CryptographyPath.With(frameworkOnly: false, () => Libcrypto.IsUsed)) return;
        Assert.Single(File.ReadLines("/proc/self/maps").Where(line => line.Contains("libcrypto.so", StringComparison.Ordinal)).Select(line => line[line.IndexOf('/', StringComparison.Ordinal)..]).Distinct());
    }

    [Theory]
    [MemberData(nameof(Signatures))]
    public void Imports_one_key_for_each_signature_and_frees_it(AttestationMaker maker, int alone, int underARoot)
    {
        var expected = Expected with { AllowSafetyNet = true };
        Assert.Equal((alone, alone), Counted(() => Accepted(Make(maker), expected)));

        var made = MakeCertified(maker, maker.Format == "fido-u2f" ? TestAuthority.Trusted : new TestAuthority("Intermediate", TestAuthority.Trusted));
        Assert.Equal((underARoot, underARoot), Counted(() => Accepted(made, Trusting())));
    }

    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("P-521")]
    [InlineData("secp256k1")]
    [InlineData("RSA-2048")]
    public void Frees_every_key_whatever_the_answer(string name)
    {
        var signer = SoftwareKey.Named(name);
        var key = Accepted(SubjectPublicKeyInfo.Read(signer.SubjectPublicKeyInfo));
        byte[] data = [1];
        var signature = signer.Sign(data, HashAlgorithmName.SHA256);
        var counted = Counted(() =>
        {
            for (var round = 0; round < 200; round++)
            {
                Assert.True(key.Verifies(data, signature, Sha256));
                Assert.False(key.Verifies([2], signature, Sha256));
            }
        });
        Assert.Equal((400, 400), counted);
    }

    /// <summary>A point that lies on no curve never comes here; if it did, there would be no key, and nothing to free twice.</summary>
    [Fact]
    public void Answers_no_to_a_point_that_is_none()
    {
        if (!CryptographyPath.With(frameworkOnly: false, () => Libcrypto.IsUsed)) return;
        Assert.Equal((1, 1), Counted(() => Assert.False(Libcrypto.Verifies(EllipticCurve.P256, [4, .. new byte[64]], new byte[32], [0x30, 6, 2, 1, 1, 2, 1, 1]))));
        Assert.Equal((1, 1), Counted(() => Assert.False(Libcrypto.Verifies(EllipticCurve.P256, [], new byte[32], []))));
        Assert.Equal((1, 1), Counted(() => Assert.False(
            Libcrypto.Verifies([5], [3], new byte[32], [1], HashAlgorithmName.SHA256, RSASignaturePadding.Pss))));
        Assert.Equal((1, 1), Counted(() => Assert.False(
            Libcrypto.Verifies([5], [3], new byte[32], [1], new HashAlgorithmName("no such hash"), RSASignaturePadding.Pkcs1))));
    }

    [Fact]
    public void Gives_each_of_many_threads_its_own_answer()
    {
        string[] names = ["P-256", "P-384", "secp256k1", "RSA-2048", "Ed25519"];
        var keys = names.Select(name =>
        {
            var signer = SoftwareKey.Named(name);
            return (Key: Accepted(SubjectPublicKeyInfo.Read(signer.SubjectPublicKeyInfo)), Signature: signer.Sign([1], HashAlgorithmName.SHA256));
        }).ToArray();

        var wrong = 0;
        var threads = Enumerable.Range(0, 8).Select(thread => new Thread(() =>
        {
            for (var round = 0; round < 250; round++)
            {
                var (key, signature) = keys[(thread + round) % keys.Length];
                if (!key.Verifies([1], signature, Sha256) || key.Verifies([2], signature, Sha256)) Interlocked.Increment(ref wrong);
            }

            var (imported, freed) = Libcrypto.KeysOfThisThread;
            if (imported != freed) Interlocked.Increment(ref wrong);
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal(0, wrong);
    }

    // The framework's own operations, TLS among them, ask the thread's queue of errors, too.
    [Fact]
    public void Leaves_no_error_behind_that_the_framework_would_take_for_its_own()
    {
        Assert.SkipUnless(CryptographyPath.With(frameworkOnly: false, () => Libcrypto.IsUsed), "no libcrypto to ask");
        var peekError = Marshal.GetDelegateForFunctionPointer<PeekError>(NativeLibrary.GetExport(NativeLibrary.Load("libcrypto.so.3"), "ERR_peek_error"));
        Assert.All(["P-256", "secp256k1", "RSA-2048"], name =>
        {
            var key = Accepted(SubjectPublicKeyInfo.Read(SoftwareKey.Named(name).SubjectPublicKeyInfo));
            byte[] signature = name == "RSA-2048" ? [.. Enumerable.Repeat((byte)0xFF, 256)] : [0x30, 6, 2, 1, 0, 2, 1, 1];
            Assert.False(CryptographyPath.With(frameworkOnly: false, () => key.Verifies([1], signature, Sha256)));
            Assert.Equal(0u, peekError());
        });
        Assert.False(Libcrypto.Verifies(EllipticCurve.P256, [4, .. new byte[64]], new byte[32], [0x30, 6, 2, 1, 1, 2, 1, 1]));
        Assert.Equal(0u, peekError());
    }

    private delegate nuint PeekError();

    // Nothing is imported where the framework verifies.
    private static (long Imported, long Freed) Counted(Action act)
    {
        var isUsed = CryptographyPath.With(frameworkOnly: false, () => Libcrypto.IsUsed);
        var before = Libcrypto.KeysOfThisThread;
        CryptographyPath.With(frameworkOnly: false, () =>
        {
            act();
            return true;
        });
        var after = Libcrypto.KeysOfThisThread;
        Assert.SkipUnless(isUsed, "no libcrypto to count in");
        return (after.Imported - before.Imported, after.Freed - before.Freed);
    }
}
