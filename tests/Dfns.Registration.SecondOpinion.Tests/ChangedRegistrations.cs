using System.Buffers.Text;
using System.Globalization;
using Dfns.Registration.Fuzz;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.SecondOpinion.Tests;

/// <summary>
/// Recorded registrations that both accept, changed at random, the same in every run: bits, bytes, pieces left out, repeated, put in and
/// exchanged, in client data, in the attestation object and in its parts.
/// </summary>
internal static class ChangedRegistrations
{
    /// <summary>How many there are.</summary>
    public const int Count = 2_000;

    private const ulong Seed = 20_261_123;

    private static readonly string[] Parts = ["client data", "attestation object", "authenticator data", "statement"];

    /// <summary>What is changed: every recorded registration that both accept.</summary>
    public static IReadOnlyList<RegistrationQuestion> Unchanged { get; } = [.. GoodRegistrations.OfOthers().Where(question => Opinions.On(question) is { Ours: null, Fido2Says: null })];

    /// <summary>All of them.</summary>
    public static IEnumerable<RegistrationQuestion> All()
    {
        var mutation = new Mutation(Seed);
        for (var number = 0; number < Count; number++)
        {
            var part = number % Parts.Length;
            var (question, other) = (Unchanged[number / Parts.Length % Unchanged.Count], Unchanged[((number / Parts.Length) + 1) % Unchanged.Count]);
            yield return Changed(question, part, mutation.Of(Part(question, part), Part(other, part))) with
            {
                Name = string.Create(CultureInfo.InvariantCulture, $"change {number} to the {Parts[part]} of {question.Name}"),
            };
        }
    }

    private static byte[] Part(RegistrationQuestion question, int part)
    {
        var attestation = Base64Url.DecodeFromChars(question.Credential.AttestationData);
        return part switch
        {
            0 => Base64Url.DecodeFromChars(question.Credential.ClientData),
            1 => attestation,
            2 => new AttestationParts(attestation).AuthenticatorData,
            _ => new AttestationParts(attestation).Statement,
        };
    }

    private static RegistrationQuestion Changed(RegistrationQuestion question, int part, byte[] changed)
    {
        var whole = new AttestationParts(Base64Url.DecodeFromChars(question.Credential.AttestationData));
        var credential = question.Credential;
        var (clientData, attestation) = part switch
        {
            0 => (Base64Url.EncodeToString(changed), credential.AttestationData),
            1 => (credential.ClientData, Base64Url.EncodeToString(changed)),
            2 => (credential.ClientData, Base64Url.EncodeToString((whole with { AuthenticatorData = changed }).ToBytes())),
            _ => (credential.ClientData, Base64Url.EncodeToString((whole with { Statement = changed }).ToBytes())),
        };
        return question with { Changed = true, Credential = new MadeCredential(credential.Kind, credential.CredId, clientData, attestation).ToVerify() };
    }
}
