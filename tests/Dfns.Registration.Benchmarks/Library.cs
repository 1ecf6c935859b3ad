using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Dfns.Registration.SecondOpinion.Tests;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Trust;
using Fido2NetLib;
using static Dfns.Registration.Benchmarks.Party;

namespace Dfns.Registration.Benchmarks;

/// <summary>
/// What one verification takes by format: CPU time of the thread, median, in microseconds and as a multiple of a bare P-256 verification
/// with the key kept. Everything twice: by libcrypto, and by the framework alone; registrations also through Fido2 4.3.2.
/// </summary>
internal static partial class Library
{
    private const string FrameworkOnly = "Dfns.Registration.Verification.FrameworkCryptographyOnly";
    private const string UserId = "us-6b58p-r53sr-rlrd3l5cj3uc4ome";
    private const int Batches = 41;
    private const int WarmUpRounds = 4;
    private const long WarmUpNanoseconds = 100_000_000;

    // Long enough for the clock, short enough that a neighbour disturbs few of them.
    private const double BatchMicroseconds = 8_000;

    private static readonly RegistrationExpectation Trusting = Expected with { Trust = new AttestationTrust { Roots = [new(TestAuthority.Trusted.Anchor)] } };

    public static void Measure()
    {
        if (!OperatingSystem.IsLinux())
        {
            Console.WriteLine("The CPU time of one thread is read from Linux.");
            return;
        }

        using var kept = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (message, signature) = (new byte[69], Array.Empty<byte>());
        signature = kept.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

        List<(string Name, Action Verify, Action? Peer)> cases = [.. Cases()];
        Console.WriteLine();
        Console.WriteLine("One verification                      libcrypto µs     ÷ bare   framework µs     ÷ bare   allocated bytes    Fido2 µs    ÷ Fido2");
        // The bare verification is measured beside each, since a shared machine's clock is not the same all day.
        var bare = () => Hold(kept.VerifyData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        // Compiled, tiered up and loaded before anything is measured.
        for (var round = 0; round < WarmUpRounds; round++)
            foreach (var (_, verify, peer) in cases.Append(("bare", bare, null)))
            {
                AppContext.SetSwitch(FrameworkOnly, round % 2 == 1);
                for (var began = ThreadNanoseconds(); ThreadNanoseconds() - began < WarmUpNanoseconds;) verify();
                if (round == 0 && peer is not null)
                    for (var began = ThreadNanoseconds(); ThreadNanoseconds() - began < 2 * WarmUpNanoseconds;) peer();
            }

        foreach (var (name, verify, peer) in cases)
        {
            AppContext.SetSwitch(FrameworkOnly, false);
            var (libcrypto, libcryptoBare) = Medians(verify, bare);
            var allocated = Allocated(verify);
            AppContext.SetSwitch(FrameworkOnly, true);
            var (framework, frameworkBare) = Medians(verify, bare);
            AppContext.SetSwitch(FrameworkOnly, false);
            var (fido2, fido2Bare) = peer is null ? (double.NaN, double.NaN) : Medians(peer, bare);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-36} {libcrypto,13:0.0}   {libcrypto / libcryptoBare,8:0.00}   {framework,12:0.0}   {framework / frameworkBare,8:0.00}   {allocated,15:0}   {fido2,9:0.0}   {libcrypto / libcryptoBare / (fido2 / fido2Bare),8:0.00}"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"bare P-256 verification, key kept: {Medians(bare, bare).Of:0.0} µs"));
    }

    private static IEnumerable<(string Name, Action Verify, Action? Peer)> Cases()
    {
        yield return Registration("none ES256", AttestationMaker.None);
        yield return Registration("none RS256", AttestationMaker.None, algorithm: -257);
        yield return Registration("none EdDSA", AttestationMaker.None, algorithm: -8);
        foreach (var (name, algorithm) in new[] { ("ES256", -7), ("ES384", -35), ("RS256", -257), ("EdDSA", -8) })
            yield return Registration($"packed self {name}", AttestationMaker.PackedSelf, algorithm: algorithm);
        yield return Registration("packed x5c", AttestationMaker.PackedCertified());
        yield return Registration("packed x5c, one root", AttestationMaker.PackedCertified(), Trusting);
        yield return Registration("packed x5c, intermediate and root", AttestationMaker.PackedCertified(), Trusting, authority: new TestAuthority("Intermediate", TestAuthority.Trusted));
        yield return Registration("tpm RS256", AttestationMaker.Tpm(-257));
        yield return Registration("tpm ES256", AttestationMaker.Tpm(-7));
        yield return Registration("android-key ES256", AttestationMaker.AndroidKey());
        yield return Registration("apple ES256", AttestationMaker.Apple());
        yield return Registration("fido-u2f ES256", AttestationMaker.FidoU2f(), aaguid: Guid.Empty);
        foreach (var name in new[] { "P-256", "P-384", "Ed25519", "RSA-2048" })
        {
            var made = SoftwareKey.Named(name).Create(Challenge).ToVerify();
            yield return ($"Key {name}", () => Hold(!CredentialVerifiers.Verify(made, Expected).Refused(out _, out _)), null);
        }

        foreach (var (name, algorithm) in new[] { ("ES256", -7), ("RS256", -257), ("EdDSA", -8) }) yield return Assertion($"assertion {name}", algorithm);
    }

    private static (string Name, Action Verify, Action? Peer) Registration(
        string name, AttestationMaker attestation, RegistrationExpectation? expected = null, int algorithm = -7, TestAuthority? authority = null, Guid? aaguid = null)
    {
        var authenticator = new SoftwareAuthenticator
        {
            Attestation = attestation,
            Algorithm = algorithm,
            Certify = (authority ?? TestAuthority.Trusted).Certify,
            Aaguid = aaguid ?? new Guid("f00dbabe-0123-4567-89ab-cdef00112233"),
        };
        var made = authenticator.Create(Challenge, RpId, Origin).ToVerify();
        return (name, () => Hold(!CredentialVerifiers.Verify(made, expected ?? Expected).Refused(out _, out _)), Peer(made, expected ?? Expected));
    }

    // Null where the peer does not take the registration at all.
    private static Action? Peer(RegistrationCredential credential, RegistrationExpectation expected)
    {
        try
        {
            var verify = Fido2Peer.Verification(credential, expected);
            verify();
            return verify;
        }
        catch (Fido2VerificationException)
        {
            return null;
        }
    }

    private static (string Name, Action Verify, Action? Peer) Assertion(string name, int algorithm)
    {
        var authenticator = new SoftwareAuthenticator { Algorithm = algorithm };
        var registered = authenticator.Create(Challenge, RpId, Origin);
        if (CredentialVerifiers.Verify(registered.ToVerify(), Expected).Refused(out var why, out var verified)) throw new InvalidOperationException($"{why}");
        var stored = new StoredCredential
        {
            Kind = verified.Kind,
            CredentialId = verified.CredentialId,
            UserId = UserId,
            SubjectPublicKeyInfo = verified.SubjectPublicKeyInfo,
            Algorithm = verified.WebAuthn!.Algorithm,
            SignCount = 0,
            BackupEligible = verified.WebAuthn.BackupEligible,
        };
        var expectation = new AssertionExpectation { Challenge = Challenge, RelyingPartyId = RpId, Origins = [Origin], RequireUserVerification = true, UserId = UserId };
        var made = authenticator.Get(Challenge, RpId, Origin, registered.CredId, UserId).ToVerify();
        return (name, () => Hold(!AssertionVerifiers.Verify(made, stored, expectation).Refused(out _, out _)), null);
    }

    private static void Hold(bool verified)
    {
        if (!verified) throw new InvalidOperationException("a valid one is refused");
    }

    // In turns, so that both see the same machine.
    private static (double Of, double Beside) Medians(Action measured, Action beside)
    {
        var (size, besideSize) = (BatchSize(measured), BatchSize(beside));
        var (durations, besideDurations) = (new double[Batches], new double[Batches]);
        for (var batch = 0; batch < Batches; batch++)
        {
            durations[batch] = Microseconds(measured, size);
            besideDurations[batch] = Microseconds(beside, besideSize);
        }

        Array.Sort(durations);
        Array.Sort(besideDurations);
        return (durations[Batches / 2], besideDurations[Batches / 2]);
    }

    private static int BatchSize(Action measured)
    {
        Microseconds(measured, runs: 20);
        return Math.Max(1, (int)(BatchMicroseconds / Microseconds(measured, runs: 20)));
    }

    private static double Microseconds(Action measured, int runs)
    {
        var began = ThreadNanoseconds();
        for (var run = 0; run < runs; run++) measured();
        return (ThreadNanoseconds() - began) / 1000.0 / runs;
    }

    private static double Allocated(Action measured)
    {
        const int Runs = 100;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var run = 0; run < Runs; run++) measured();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Runs;
    }

    // What other threads and the garbage collector's do is not counted.
    private static long ThreadNanoseconds()
    {
        const int ThreadCpuTime = 3;
        return clock_gettime(ThreadCpuTime, out var time) == 0 ? (time.Seconds * 1_000_000_000) + time.Nanoseconds : throw new UnreachableException();
    }

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int clock_gettime(int clock, out Time time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
