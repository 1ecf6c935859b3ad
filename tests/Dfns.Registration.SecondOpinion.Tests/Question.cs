using Dfns.Registration.Verification;

namespace Dfns.Registration.SecondOpinion.Tests;

/// <summary>What is put to both verifiers alike.</summary>
/// <param name="Name">What is asked about.</param>
/// <param name="Format">The attestation statement format that a registration was made with; "assertion" for an assertion.</param>
internal abstract record Question(string Name, string Format)
{
    /// <summary>Whether what is asked about was changed at random.</summary>
    public bool Changed { get; init; }

    /// <summary>The one fault that it was made with; null where it is none of the closed list, or none at all.</summary>
    public RefusalReason? Fault { get; init; }

    /// <summary>Why we refuse; null where we accept.</summary>
    public abstract Refusal? AskUs();

    /// <summary>Throws, whatever it be, where Fido2 refuses.</summary>
    public abstract void AskFido2();
}

/// <summary>A registration, and what is expected of it.</summary>
/// <param name="Name">What is asked about.</param>
/// <param name="Format">The attestation statement format.</param>
/// <param name="Credential">The registration.</param>
/// <param name="Expected">What is expected.</param>
/// <param name="Revoked">The models that the metadata of <paramref name="Expected"/> reports as revoked, since it cannot be asked for them.</param>
internal sealed record RegistrationQuestion(
    string Name, string Format, RegistrationCredential Credential, RegistrationExpectation Expected, IReadOnlyCollection<Guid>? Revoked = null) : Question(Name, Format)
{
    /// <inheritdoc/>
    public override Refusal? AskUs() => CredentialVerifiers.Verify(Credential, Expected).Refused(out var why, out _) ? why : null;

    /// <inheritdoc/>
    public override void AskFido2() => Fido2Peer.Verification(Credential, Expected, Revoked)();
}

/// <summary>An assertion, what it is held against, and what is expected of it.</summary>
/// <param name="Name">What is asked about.</param>
/// <param name="Assertion">The assertion.</param>
/// <param name="Credential">What we have stored.</param>
/// <param name="CoseKey">What Fido2 has stored.</param>
/// <param name="Expected">What is expected.</param>
internal sealed record AssertionQuestion(
    string Name, CredentialAssertion Assertion, StoredCredential Credential, ReadOnlyMemory<byte> CoseKey, AssertionExpectation Expected) : Question(Name, "assertion")
{
    /// <inheritdoc/>
    public override Refusal? AskUs() => AssertionVerifiers.Verify(Assertion, Credential, Expected).Refused(out var why, out _) ? why : null;

    /// <inheritdoc/>
    public override void AskFido2() => Fido2Peer.Verification(Assertion, Credential, CoseKey, Expected)();
}
