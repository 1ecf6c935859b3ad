using System.Buffers.Text;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Trust;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Credentials;

/// <summary>Challenges for a credential that is added to those a user has, and the answers to them.</summary>
internal sealed class NewCredentials(
    CredentialStore store, CeremonyStore ceremonies, ChallengeStore challenges, TrustSources trust, TokenService tokens, Audit audit, RequestFacts facts, Entropy entropy, TimeProvider clock,
    IOptions<ChallengeOptions> options)
{
    /// <summary>Opens a challenge and stores it.</summary>
    /// <param name="user">Whose credential it will be.</param>
    /// <param name="relyingParty">Of the organisation.</param>
    /// <param name="binding">The one kind that answers it, and what opened it.</param>
    /// <param name="opensUntil">UTC; the end of what opened it, which it does not outlive.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The challenge; or that the user has as many credentials as may be, which is told before one is made on a device.</returns>
    public async Task<Checked<CredentialChallengeResponse>> OpenAsync(User user, RelyingParty relyingParty, Binding binding, DateTimeOffset opensUntil, CancellationToken ct)
    {
        var (count, passkeys) = await store.LookAsync(user, ct);
        if (count.Fault is { } tooMany) return tooMany;
        var (kind, now) = (binding.Kind, clock.GetUtcNow());
        var lifetime = options.Value.RegistrationLifetime < opensUntil - now ? options.Value.RegistrationLifetime : opensUntil - now;
        var ceremony = Ceremony.Open(entropy, user.OrganisationId, CeremonyPurpose.NewCredential, user.Id, now, lifetime, relyingParty.ChooseId(facts.Origin), binding.ToString());
        await challenges.OpenAsync(ceremony, options.Value.MostOpen - 1, ct);

        var isPasskey = kind == CredentialKind.Fido2;
        return new CredentialChallengeResponse
        {
            Kind = kind.ToString(),
            User = ChallengeUser.Of(user),
            ChallengeIdentifier = await tokens.IssueAsync(ceremony, user, ct),
            Challenge = ceremony.Challenge,
            Rp = ChallengeRelyingParty.Of(ceremony, relyingParty),
            Attestation = relyingParty.Attestation,
            PubKeyCredParams = PublicKeyCredentialParameters.Of(relyingParty),
            AuthenticatorSelection = isPasskey ? AuthenticatorSelection.Of(relyingParty) : null,
            ExcludeCredentials = isPasskey ? passkeys.ConvertAll(id => new PublicKeyCredentialDescriptor("public-key", id)) : null,
        };
    }

    /// <summary>Finds the challenge that an identifier names, answered or not, until its time is over.</summary>
    /// <returns>The challenge; or that the identifier is missing, not ours, for something else, or too old.</returns>
    public async Task<Checked<IssuedForCredential>> FindAsync(string? identifier, CancellationToken ct)
    {
        const string path = "$.challengeIdentifier";
        if (string.IsNullOrEmpty(identifier)) return ErrorCatalog.MemberRequired.At(path);
        if (await tokens.ReadAsync(identifier, TokenPurpose.NewCredential, ct) is not { } reference) return ErrorCatalog.ChallengeNotValid.At(path);
        facts.OrganisationId = reference.OrganisationId;
        if (await ceremonies.FindIssuedAsync(reference, CeremonyPurpose.NewCredential, ct) is not { } found) return ErrorCatalog.ChallengeNotValid.At(path);
        facts.SubjectId = found.User.Id;
        return new IssuedForCredential(found);
    }

    /// <summary>Proves a new credential and adds it to the tracked rows, its challenge answered and its line in the audit trail included. The caller saves.</summary>
    /// <param name="issued">The open challenge.</param>
    /// <param name="request">The parsed body.</param>
    /// <param name="remoteAddress">For the audit row.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The credential, or the first fault.</returns>
    public async Task<Checked<Credential>> AddAsync(IssuedForCredential issued, CreateCredentialRequest request, string? remoteAddress, CancellationToken ct)
    {
        if (issued.Challenge.Credentials.Fault is { } tooMany) return tooMany;
        var now = clock.GetUtcNow();
        var sent = new CredentialRequest(request.CredentialKind, request.CredentialInfo, request.CredentialName, request.EncryptedPrivateKey);
        if (CredentialSlots.ReadAdded(sent, issued.Binding.Kind).Failed(out var error, out var slotted)) return error;
        if (CredentialProofs.Verify([slotted], CredentialProofs.Expect(issued.Ceremony, issued.RelyingParty, trust.Current, now)).Failed(out error, out var proven)) return error;

        var credential = proven[0].ToRow(issued.User, issued.RelyingParty.IdOf(issued.Ceremony), entropy.Id("cr"), now);
        if (!await store.AddAsync(credential, ct)) return ErrorCatalog.PublicKeyAlreadyRegistered;
        issued.Ceremony.ConsumedAt = now;
        issued.User.CredentialsVersion++;
        audit.Know(issued.RelyingParty);
        audit.Add(credential.OrganisationId, AuditActions.CredentialCreated, credential.UserId, credential.UserId, remoteAddress, AuditNotes.Of(credential), told: EventData.Of(credential));
        return credential;
    }

    /// <summary>What a challenge is bound to beyond its user: a kind, and what opened it, a code or a session. Without either it is answered by nobody.</summary>
    internal sealed record Binding(CredentialKind Kind, byte[]? CodeHash, string? SessionId = null)
    {
        public static Binding Parse(string text) => text.Split(' ') switch
        {
            [var kind, var hash] => new Binding(CredentialSlots.ReadKind(kind)!.Value, Base64Url.DecodeFromChars(hash)),
            [var kind, _, var session] => new Binding(CredentialSlots.ReadKind(kind)!.Value, null, session),
            _ => new Binding(CredentialSlots.ReadKind(text)!.Value, null),
        };

        public override string ToString() => CodeHash is null ? $"{Kind}{Ceremony.InSession(SessionId!)}" : $"{Kind} {Base64Url.EncodeToString(CodeHash)}";
    }
}

/// <summary>A challenge that was issued for a new credential.</summary>
internal sealed record IssuedForCredential(IssuedChallenge Challenge)
{
    public Ceremony Ceremony => Challenge.Ceremony;

    public User User => Challenge.User;

    public RelyingParty RelyingParty => Challenge.RelyingParty;

    public NewCredentials.Binding Binding { get; } = NewCredentials.Binding.Parse(Challenge.Ceremony.BoundTo!);
}
