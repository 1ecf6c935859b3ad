namespace Dfns.Registration.Verification.Keys;

/// <summary>
/// What a libcrypto has to answer before it is trusted with an answer: one signature that holds, and the same one over another hash. Every
/// function of <see cref="LibcryptoCalls"/> takes part, so that one that is missing shows here.
/// </summary>
internal static class LibcryptoKnownAnswers
{
    // RFC 6979 A.2.5: the key, and its signature over SHA-256 of "sample".
    private static readonly byte[] Point = Convert.FromHexString(
        "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");

    private static readonly byte[] Signature = Convert.FromHexString(
        "3046022100EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716022100F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");

    private static readonly byte[] Hash = Convert.FromHexString("AF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF");

    /// <summary>Whether both answers are right.</summary>
    public static bool Hold() =>
        Libcrypto.Verifies(EllipticCurve.P256, Point, Hash, Signature)
        && !Libcrypto.Verifies(EllipticCurve.P256, Point, [.. Hash[1..], 0], Signature);
}
