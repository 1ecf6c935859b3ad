using System.Runtime.InteropServices;
using System.Security.Cryptography;
using static Dfns.Registration.Verification.Keys.LibcryptoCalls;

namespace Dfns.Registration.Verification.Keys;

/// <summary>
/// Verifies ECDSA and RSA signatures by the libcrypto (OpenSSL 3) that the framework itself has loaded. To import a key the framework checks
/// it by multiplying its point with the order of its group, which costs more than the verification; the curves here have cofactor 1, and
/// that a point lies on its curve, which is all there is to check, <see cref="EllipticCurve.Contains"/> has seen. Where that library is
/// not there, or a function of it, or the framework has another, callers verify by the framework: same signatures, same answers.
/// Nothing native outlives a call but the parameters of the curves. Safe to use from many threads.
/// </summary>
internal static unsafe class Libcrypto
{
    /// <summary>Set to true, the switch keeps to the framework (<see cref="AppContext"/>); it may be set at any time.</summary>
    public const string FrameworkOnly = "Dfns.Registration.Verification.FrameworkCryptographyOnly";

    private const string SharedObject = "libcrypto.so.3";

    // For each curve a key without a point, to be copied; never changed, and never freed.
    private static readonly Dictionary<EllipticCurve, nint> Templates = [];

    private static readonly bool IsBound = Bind();

    [ThreadStatic]
    private static long imported;

    [ThreadStatic]
    private static long freed;

    /// <summary>Whether signatures are verified here; otherwise by the framework.</summary>
    public static bool IsUsed => IsBound && !(AppContext.TryGetSwitch(FrameworkOnly, out var only) && only);

    /// <summary>How many keys this thread has imported, and how many it has freed; for tests, which hold the one to the other.</summary>
    public static (long Imported, long Freed) KeysOfThisThread => (imported, freed);

    /// <summary>Verifies an ECDSA signature.</summary>
    /// <param name="curve">The curve.</param>
    /// <param name="point">A point that lies on it, uncompressed (SEC 1 §2.3.3).</param>
    /// <param name="hash">What is signed, hashed.</param>
    /// <param name="signature">The signature; any bytes give an answer.</param>
    /// <returns>Whether it is the key's; false as well when the library has no memory left.</returns>
    public static bool Verifies(EllipticCurve curve, ReadOnlySpan<byte> point, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signature)
    {
        var key = Imported(EVP_PKEY_dup(Templates[curve]));
        try
        {
            fixed (byte* encoded = point)
                return Succeeds(key != 0 && EVP_PKEY_set1_encoded_public_key(key, encoded, (nuint)point.Length) == 1 && Verifies(key, null, hash, signature));
        }
        finally
        {
            Free(key);
        }
    }

    /// <summary>Verifies an RSA signature.</summary>
    /// <param name="modulus">The modulus, unsigned and big-endian.</param>
    /// <param name="exponent">The exponent, likewise.</param>
    /// <param name="hash">What is signed, hashed.</param>
    /// <param name="signature">The signature; any bytes give an answer.</param>
    /// <param name="algorithm">The hash.</param>
    /// <param name="padding">PKCS #1 v1.5, or PSS with a salt as long as the hash.</param>
    /// <returns>Whether it is the key's; false as well when the library has no memory left.</returns>
    public static bool Verifies(
        ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signature, HashAlgorithmName algorithm, RSASignaturePadding padding)
    {
        var (n, e, name) = (InMachineOrder(modulus), InMachineOrder(exponent), System.Text.Encoding.ASCII.GetBytes(algorithm.Name!));
        nint key = 0;
        try
        {
            fixed (byte* nBytes = n, eBytes = e, nameBytes = name)
            {
                var numbers = stackalloc LibcryptoParameter[] { LibcryptoParameter.Number("n\0"u8, nBytes, n.Length), LibcryptoParameter.Number("e\0"u8, eBytes, e.Length), default };
                key = Imported(FromData("RSA\0"u8, PublicKeySelection, numbers));
                var scheme = stackalloc LibcryptoParameter[]
                {
                    LibcryptoParameter.Text("digest\0"u8, nameBytes, name.Length),
                    padding == RSASignaturePadding.Pss ? Constant("pad-mode\0"u8, "pss"u8) : Constant("pad-mode\0"u8, "pkcs1"u8),
                    // The parameter is for PSS alone; a list ends with zeros.
                    padding == RSASignaturePadding.Pss ? Constant("saltlen\0"u8, "digest"u8) : default,
                    default,
                };
                return Succeeds(key != 0 && Verifies(key, scheme, hash, signature));
            }
        }
        finally
        {
            Free(key);
        }
    }

    private static bool Verifies(nint key, LibcryptoParameter* scheme, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signature)
    {
        var context = EVP_PKEY_CTX_new_from_pkey(0, key, null);
        fixed (byte* hashBytes = hash, signatureBytes = signature)
        {
            var verifies = context != 0
                && EVP_PKEY_verify_init_ex(context, scheme) == 1
                && EVP_PKEY_verify(context, signatureBytes, (nuint)signature.Length, hashBytes, (nuint)hash.Length) == 1;
            EVP_PKEY_CTX_free(context);
            return verifies;
        }
    }

    // What goes wrong leaves a line in the thread's queue of errors, which the framework's TLS would take for its own.
    private static bool Succeeds(bool succeeded)
    {
        if (!succeeded) ERR_clear_error();
        return succeeded;
    }

    private static nint FromData(ReadOnlySpan<byte> type, int selection, LibcryptoParameter* parameters)
    {
        nint key = 0;
        var context = EVP_PKEY_CTX_new_from_name(0, LibcryptoParameter.Constant(type), null);
        var made = context != 0 && EVP_PKEY_fromdata_init(context) == 1 && EVP_PKEY_fromdata(context, &key, selection, parameters) == 1;
        EVP_PKEY_CTX_free(context);
        return made ? key : 0;
    }

    private static LibcryptoParameter Constant(ReadOnlySpan<byte> key, ReadOnlySpan<byte> text) =>
        LibcryptoParameter.Text(key, LibcryptoParameter.Constant(text), text.Length);

    private static byte[] InMachineOrder(ReadOnlySpan<byte> number)
    {
        var bytes = number.ToArray();
        if (BitConverter.IsLittleEndian) bytes.AsSpan().Reverse();
        return bytes;
    }

    private static nint Imported(nint key)
    {
        if (key != 0) imported++;
        return key;
    }

    private static void Free(nint key)
    {
        if (key == 0) return;
        EVP_PKEY_free(key);
        freed++;
    }

    private static bool Bind()
    {
        try
        {
            // Asking for the version makes the framework load its library. The name then stands for that one, as for any that is loaded.
            if (!OperatingSystem.IsLinux() || SafeEvpPKeyHandle.OpenSslVersion >> 28 != 3 || !NativeLibrary.TryLoad(SharedObject, out var handle)) return false;
            NativeLibrary.SetDllImportResolver(typeof(Libcrypto).Assembly, (name, _, _) => name == Library ? handle : 0);
            if ((long)OpenSSL_version_num() != SafeEvpPKeyHandle.OpenSslVersion) return false;

            foreach (var curve in EllipticCurve.All) Templates.Add(curve, ParametersOf(curve));
            return Succeeds(Templates.Values.All(template => template != 0) && LibcryptoKnownAnswers.Hold());
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or PlatformNotSupportedException)
        {
            return false;
        }
    }

    private static nint ParametersOf(EllipticCurve curve)
    {
        var name = System.Text.Encoding.ASCII.GetBytes(curve.Name);
        fixed (byte* nameBytes = name)
        {
            var parameters = stackalloc LibcryptoParameter[] { LibcryptoParameter.Text("group\0"u8, nameBytes, name.Length), default };
            return FromData("EC\0"u8, ParametersSelection, parameters);
        }
    }
}
