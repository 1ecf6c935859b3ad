using System.Runtime.InteropServices;

namespace Dfns.Registration.Verification.Keys;

/// <summary>
/// The functions of libcrypto that <see cref="Libcrypto"/> calls, by the names of OpenSSL 3.0's manual. Handles are pointers to its
/// objects; functions that return an int answer 1 for yes.
/// </summary>
internal static unsafe partial class LibcryptoCalls
{
    /// <summary>Stands for the library; <see cref="Libcrypto"/> says which one that is.</summary>
    public const string Library = "libcrypto of the framework";

    /// <summary>EVP_PKEY_PUBLIC_KEY: parameters and public key are taken.</summary>
    public const int PublicKeySelection = 0x86;

    /// <summary>EVP_PKEY_KEY_PARAMETERS: parameters alone are taken.</summary>
    public const int ParametersSelection = 0x84;

    [LibraryImport(Library)]
    public static partial nuint OpenSSL_version_num();

    [LibraryImport(Library)]
    public static partial void ERR_clear_error();

    [LibraryImport(Library)]
    public static partial nint EVP_PKEY_CTX_new_from_name(nint libraryContext, byte* name, byte* propertyQuery);

    [LibraryImport(Library)]
    public static partial nint EVP_PKEY_CTX_new_from_pkey(nint libraryContext, nint key, byte* propertyQuery);

    [LibraryImport(Library)]
    public static partial void EVP_PKEY_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_fromdata_init(nint context);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_fromdata(nint context, nint* key, int selection, LibcryptoParameter* parameters);

    [LibraryImport(Library)]
    public static partial nint EVP_PKEY_dup(nint key);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_set1_encoded_public_key(nint key, byte* point, nuint size);

    [LibraryImport(Library)]
    public static partial void EVP_PKEY_free(nint key);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_verify_init_ex(nint context, LibcryptoParameter* parameters);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_verify(nint context, byte* signature, nuint signatureSize, byte* hash, nuint hashSize);
}

/// <summary>OSSL_PARAM: one parameter by name. A list of them ends with one that is all zeros.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LibcryptoParameter
{
    private const uint UnsignedInteger = 2;
    private const uint Utf8String = 4;

    private byte* key;
    private uint dataType;
    private void* data;
    private nuint dataSize;
    private nuint returnSize;

    /// <summary>A text.</summary>
    /// <param name="key">The name, which ends with a zero; a constant of this assembly, which does not move.</param>
    /// <param name="data">The text; it stays where it is for as long as the parameter is used.</param>
    /// <param name="size">Its length in bytes.</param>
    public static LibcryptoParameter Text(ReadOnlySpan<byte> key, byte* data, int size) => Of(key, Utf8String, data, size);

    /// <summary>An unsigned number.</summary>
    /// <param name="key">The name, which ends with a zero; a constant of this assembly, which does not move.</param>
    /// <param name="data">Its bytes in the order of the machine; they stay where they are for as long as the parameter is used.</param>
    /// <param name="size">How many.</param>
    public static LibcryptoParameter Number(ReadOnlySpan<byte> key, byte* data, int size) => Of(key, UnsignedInteger, data, size);

    private static LibcryptoParameter Of(ReadOnlySpan<byte> key, uint type, byte* data, int size) => new()
    {
        key = Constant(key),
        dataType = type,
        data = data,
        dataSize = (nuint)size,
        // OSSL_PARAM_UNMODIFIED.
        returnSize = nuint.MaxValue,
    };

    /// <summary>The address of a constant text, which lies in the assembly's image.</summary>
    public static byte* Constant(ReadOnlySpan<byte> text) => (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetReference(text));
}
