using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;

namespace Dfns.Registration.SecondOpinion.Tests;

/// <summary>The registrations of <c>tests/vectors</c> as questions: the same bytes in every run.</summary>
internal static class Recorded
{
    /// <summary>The passkeys that were captured from a browser.</summary>
    public static IReadOnlyList<VectorFile> Chromium { get; } = [.. VectorFile.LoadAll("chromium", count: 18).Where(vector => vector.Credential.Kind == CredentialKind.Fido2)];

    /// <summary>The vectors of the specification.</summary>
    public static IReadOnlyList<VectorFile> Specification { get; } = VectorFile.LoadAll("w3c", count: 15);

    /// <summary>Those made by our own makers, of formats whose vector in the specification Fido2 does not take.</summary>
    public static IReadOnlyList<VectorFile> TestKit { get; } = VectorFile.LoadAll("testkit", count: 4);

    /// <summary>All whose challenge is base64url, as Fido2 needs it.</summary>
    public static IEnumerable<VectorFile> All => Chromium.Concat(Specification).Concat(TestKit).Where(vector => Base64Url.IsValid(vector.Challenge));

    /// <summary>The assertions of the specification, each with the registration of the same name.</summary>
    public static IEnumerable<(AssertionVectorFile Assertion, VectorFile Registration)> Assertions => AssertionVectorFile.LoadAll("w3c", count: 15)
        .Select(assertion => (assertion, Specification.Single(registration => registration.Id == assertion.Id)));

    /// <summary>Asks about it as it was issued.</summary>
    public static RegistrationQuestion AsIssued(VectorFile vector) => new($"{vector.Id} of {vector.Source}", AttestationParts.FormatOf(Base64Url.DecodeFromChars(vector.AttestationData)), vector.Credential, vector.Expectation);

    /// <summary>Asks about an assertion as it was issued.</summary>
    public static AssertionQuestion AsIssued(AssertionVectorFile vector, VectorFile registration) => new(
        $"assertion {vector.Id} of {vector.Source}",
        vector.Assertion.ToVerify(),
        vector.Credential,
        new AttestationParts(Base64Url.DecodeFromChars(registration.AttestationData)).CredentialPublicKey,
        vector.Expectation);

    /// <summary>Asks about it with the text of the challenge for the bytes of one, which makes the spelling of the official SDK the usual one.</summary>
    public static RegistrationQuestion WithTextAsChallenge(VectorFile vector) => AsIssued(vector) with
    {
        Name = $"{vector.Id}, its challenge the text",
        Expected = vector.Expectation with { Challenge = TextOf(vector) },
    };

    /// <summary>Whether client data has the text of the challenge for its bytes, as the official SDK writes it.</summary>
    public static bool SignsText(VectorFile vector)
    {
        using var clientData = JsonDocument.Parse(Base64Url.DecodeFromChars(vector.ClientData));
        return clientData.RootElement.GetProperty("challenge").GetString() == TextOf(vector);
    }

    private static string TextOf(VectorFile vector) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(vector.Challenge));
}
