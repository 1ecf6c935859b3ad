using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>
/// Format <c>compound</c> (WebAuthn L3 §8.9): several statements about one credential, each of a format of its own. The policy on their
/// results, which §8.9 leaves open, is that all of them verify: a statement that does not was not made for this ceremony, and there is
/// no good reason to send it.
/// </summary>
internal static class CompoundAttestation
{
    /// <summary>The identifier of this format.</summary>
    public const string Format = "compound";

    private const int MinStatements = 2;

    /// <summary>Follows the verification procedure of §8.9.</summary>
    /// <returns>
    /// The strongest attestation type among the statements, with the certificates of the first one of that type and with every finding
    /// in <see cref="AttestationFinding.Parts"/>; or <see cref="RefusalReason.AttestationStatementInvalid"/>,
    /// <see cref="RefusalReason.CompoundStatementNested"/>, or the refusal of the first statement that does not verify.
    /// </returns>
    public static Outcome<AttestationFinding> Verify(AttestationSubject subject)
    {
        // The statement is an array of two or more maps, each of fmt and attStmt.
        if (subject.Object.Statement is not IReadOnlyList<object> { Count: >= MinStatements and <= VerificationLimits.MaxCompoundStatements } items)
            return Invalid("two to eight statements");

        var statements = new List<AttestationObject>(items.Count);
        foreach (var item in items)
        {
            if (item is not CborMap map || !map.HasExactly("fmt", "attStmt")) return Invalid("members are fmt, attStmt");
            if (map["fmt"] is not string format) return Invalid("fmt");
            // None of them is a compound again.
            if (format == Format) return RefusalReason.CompoundStatementNested;
            statements.Add(subject.Object with { Format = format, Statement = map["attStmt"]! });
        }

        // Step 1: each is verified by its own format, over the same authenticator data and client data hash. Step 2: all must be.
        var findings = new List<AttestationFinding>(statements.Count);
        foreach (var statement in statements)
        {
            if (AttestationStatements.Verify(subject with { Object = statement }).Refused(out var why, out var finding)) return why;
            findings.Add(finding);
        }

        var strongest = findings.MaxBy(finding => finding.Type)!;
        return strongest with { Format = Format, Parts = findings };
    }

    private static Refusal Invalid(string detail) => new(RefusalReason.AttestationStatementInvalid, detail);
}
