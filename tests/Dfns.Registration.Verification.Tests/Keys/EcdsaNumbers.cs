using System.Formats.Asn1;
using System.Globalization;
using System.Numerics;
using Dfns.Registration.Verification.Keys;

namespace Dfns.Registration.Verification.Tests.Keys;

/// <summary>The orders of the curves, and signatures as pairs of numbers.</summary>
internal static class EcdsaNumbers
{
    /// <summary>The curve of a name.</summary>
    public static EllipticCurve Curve(string name) =>
        new[] { EllipticCurve.P256, EllipticCurve.P384, EllipticCurve.P521, EllipticCurve.Secp256k1 }.Single(curve => curve.Name == name);

    /// <summary>The number of points on a curve (FIPS 186-4 D.1.2; SEC 2 §2.4.1).</summary>
    public static BigInteger Order(string curve) => Hex(curve switch
    {
        "P-256" => "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
        "P-384" => "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
        "P-521" => "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409",
        _ => "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141",
    });

    /// <summary>An unsigned number in hexadecimal.</summary>
    public static BigInteger Hex(string digits) => BigInteger.Parse("0" + digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>A signature of two numbers, in DER.</summary>
    public static byte[] Der(BigInteger r, BigInteger s)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(r);
            writer.WriteInteger(s);
        }

        return writer.Encode();
    }

    /// <summary>The numbers of a signature.</summary>
    public static (BigInteger R, BigInteger S) Read(byte[] der)
    {
        var numbers = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        return (numbers.ReadInteger(), numbers.ReadInteger());
    }
}
