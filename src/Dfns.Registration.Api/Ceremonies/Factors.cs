using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>Proves that a user's credentials signed an open challenge: the first factor, and the second where the user has one.</summary>
internal sealed class Factors(Changes changes, Audit audit, RequestFacts facts, MasterKey masterKey, TimeProvider clock)
{
    private const string FirstPath = "$.firstFactor";
    private const string SecondPath = "$.secondFactor";

    /// <summary>Reads the factors of a request.</summary>
    /// <returns>The factors; or the first fault.</returns>
    public static Checked<ReadFactors> Read(AnswerRequest request)
    {
        if (Read(request.FirstFactor, FirstPath).Failed(out var error, out var first)) return error;
        ReadFactor? second = null;
        if (request.SecondFactor is not null && Read(request.SecondFactor, SecondPath).Failed(out error, out second)) return error;
        return new ReadFactors(first, second);
    }

    /// <summary>Verifies the factors of a request. Nothing is saved, but that a counter went backwards.</summary>
    /// <param name="factors">As read.</param>
    /// <param name="challenge">The open challenge, and the credentials of whoever may answer it.</param>
    /// <returns>The user and the credentials that signed, updated and tracked; or the first fault.</returns>
    public async Task<Checked<ProvenFactors>> VerifyAsync(ReadFactors factors, AnswerableChallenge challenge)
    {
        var (first, second) = factors;
        var (ceremony, relyingParty) = (challenge.Ceremony, challenge.RelyingParty);

        // Nobody's credentials are held to the same rules: else what an answer breaks would tell that there is such a user. What was read
        // is of somebody else.
        var madeUp = NobodysCredentials.Of(masterKey, relyingParty, ceremony.BoundTo ?? "");
        // Where the challenge names nobody, the id does: a made-up one names a user too, whom nobody is.
        var under = NobodysCredentials.Under(masterKey, relyingParty, first.CredentialId);
        List<Credential> active =
        [
            .. ceremony.Purpose == CeremonyPurpose.LoginOfNobody ? madeUp
                : ceremony.Purpose == CeremonyPurpose.Login && ceremony.UserId is null && challenge.Credentials.Count == 0 ? under
                : challenge.Credentials,
        ];
        if (!active.Exists(first.Names)) return ErrorCatalog.NoUsableCredential.At(FirstPath);

        // How many: whoever has a second factor needs it, unless the organisation says otherwise.
        var needsSecond = !relyingParty.SecondFactorOptional && active.Exists(c => c.Slot == CredentialSlot.SecondFactor);
        if (needsSecond && second is null) return ErrorCatalog.SecondFactorRequired.At(SecondPath);

        var proven = new List<Credential>(capacity: 2);
        foreach (var (factor, slot) in new[] { (first, CredentialSlot.FirstFactor), (second, CredentialSlot.SecondFactor) })
        {
            if (factor is null) continue;
            var credential = active.Find(c => c.Slot == slot && factor.Names(c) && factor.MayBe(c.Kind));
            if (credential is null) return ErrorCatalog.NoUsableCredential.At(factor.Path);
            if ((await ProveAsync(factor, credential, ceremony, relyingParty)).Failed(out var error, out _)) return error;
            proven.Add(credential);
        }

        if (challenge.User is not { } user || ceremony.Purpose == CeremonyPurpose.LoginOfNobody) return ErrorCatalog.NoUsableCredential.At(FirstPath);
        return user.IsActive ? new ProvenFactors(user, proven) : ErrorCatalog.UserDeactivated;
    }

    private async Task<Checked<VerifiedAssertion>> ProveAsync(ReadFactor factor, Credential credential, Ceremony ceremony, RelyingParty relyingParty)
    {
        var id = relyingParty.IdOf(ceremony);
        // What it was made for, and what it signs for, are both that of the challenge; an authenticator holds to the first, and whoever has the key to neither.
        if (credential.Kind == CredentialKind.Fido2 && credential.RelyingPartyId != id) return RefusalErrors.ForAssertion(new Refusal(RefusalReason.RpIdHashMismatch), factor.Path);
        var expected = new AssertionExpectation
        {
            Challenge = ceremony.Challenge,
            RelyingPartyId = id,
            Origins = relyingParty.OriginsOf(id),
            RequireUserVerification = relyingParty.RequiresUserVerification,
            AllowCrossOrigin = relyingParty.AllowCrossOrigin,
            TopOrigins = relyingParty.TopOrigins,
            // A second factor is the first one's user's, and so need not name its user even where the first one had to.
            UserId = ceremony.Purpose == CeremonyPurpose.LoginOfNobody || credential.Slot == CredentialSlot.SecondFactor ? credential.UserId : ceremony.UserId,
            AcceptSignCountRegression = relyingParty.AcceptSignCountRegression,
            AcceptSyncedSignCountRegression = !relyingParty.RefuseSyncedSignCountRegression,
            AcceptBackupEligibilityChange = !relyingParty.RefuseBackupEligibilityChange,
        };
        if (AssertionVerifiers.Verify(factor.AssertionOf(credential), credential.ToStored(), expected).Refused(out var why, out var verified))
        {
            if (why.Reason == RefusalReason.SignCountRegressed)
            {
                // The note alone: what a first factor has proven before counts for nothing any more. It is told once for a challenge, which is no
                // longer one: the same answer again would be another row each time.
                changes.Forget();
                changes.Watch(ceremony);
                ceremony.ConsumedAt = clock.GetUtcNow();
                NoteRegression(credential);
                // Nor does whoever holds a copy keep it quiet by hanging up. That the challenge was answered meanwhile, by this answer or another, is told by that.
                await changes.TrySaveAsync(CancellationToken.None);
            }

            return RefusalErrors.ForAssertion(why, factor.Path);
        }

        // Written even if another use had the same instant: the write is what finds a credential that was ended meanwhile.
        changes.Watch(credential, nameof(Credential.UsedAt));
        credential.UsedAt = clock.GetUtcNow();
        if (verified.WebAuthn is { } webAuthn)
        {
            if (webAuthn.SignCountRegressed) NoteRegression(credential);
            if (webAuthn.BackupEligibilityChanged)
            {
                Note(AuditActions.BackupEligibilityChanged, credential, $"{credential.Uuid}: the authenticator says by now that it may {(webAuthn.BackupEligible ? "" : "not ")}be backed up.");
                credential.BackupEligibleAtRegistration ??= credential.BackupEligible;
                credential.BackupEligible = webAuthn.BackupEligible;
            }

            credential.SignCount = webAuthn.SignCount;
            credential.BackedUp = webAuthn.BackedUp;
        }

        return verified;
    }

    private void NoteRegression(Credential credential) => Note(
        AuditActions.SignCountRegressed, credential,
        (credential.BackupEligibleAtRegistration ?? credential.BackupEligible) == true
            ? $"{credential.Uuid}: it may be backed up, and a copy may count for itself."
            : $"{credential.Uuid}: the authenticator may have been copied.");

    // Whoever owns an authenticator makes it say so with each answer.
    private void Note(string action, Credential credential, string note) =>
        audit.Count(audit.AddOften(credential.OrganisationId, action, credential.UserId, credential.UserId, facts.RemoteAddress, note));

    private static Checked<ReadFactor> Read(FactorRequest? factor, string path)
    {
        if (factor is null) return ErrorCatalog.MemberRequired.At(path);
        var kindPath = $"{path}.kind";
        if (string.IsNullOrEmpty(factor.Kind)) return ErrorCatalog.MemberRequired.At(kindPath);
        if (factor.Kind is "Password" or "Totp") return ErrorCatalog.CredentialKindUnsupported.At(kindPath);
        if (CredentialSlots.ReadKind(factor.Kind) is not { } kind) return ErrorCatalog.CredentialKindUnknown.At(kindPath);
        if (!CredentialSlots.FactorKinds.Contains(kind)) return ErrorCatalog.CredentialKindMisplaced.Saying("A recovery key recovers the account and does nothing else.").At(kindPath);

        return ReadAssertion.Read(factor.CredentialAssertion, path, kind).Failed(out var error, out var read) ? error : new ReadFactor(path, kind, read.CredentialId, read.Assertion);
    }

}

/// <summary>The factors of a request, whose members are all there.</summary>
internal sealed record ReadFactors(ReadFactor First, ReadFactor? Second)
{
    /// <summary>Which credentials they name.</summary>
    public NamedFactors Named => new(First.CredentialId, Second?.CredentialId, First.Uuid, Second?.Uuid);
}

/// <summary>One factor, and where it stands in the request.</summary>
internal sealed record ReadFactor(string Path, CredentialKind Kind, byte[] CredentialId, CredentialAssertion Assertion)
{
    /// <summary>What was sent as the id of a key, which may be the name that the service has given it; null of a passkey, whose id the browser writes.</summary>
    public string? Uuid => Kind == CredentialKind.Fido2 ? null : Assertion.CredId;

    /// <summary>Whether it was signed by a credential of the user, as far as it says.</summary>
    public bool Names(Credential credential) =>
        credential.CredentialId.AsSpan().SequenceEqual(CredentialId) || (credential.Kind != CredentialKind.Fido2 && string.Equals(credential.Uuid, Uuid, StringComparison.Ordinal));

    /// <summary>The assertion under the id of the credential that it names.</summary>
    public CredentialAssertion AssertionOf(Credential credential) => Kind == CredentialKind.Fido2 ? Assertion : Assertion with { CredId = credential.CredentialIdText };

    /// <summary>Whether a credential of some kind may sign under the kind that was sent: clients send a password-protected key as a key.</summary>
    public bool MayBe(CredentialKind kind) => kind == Kind || (kind == CredentialKind.PasswordProtectedKey && Kind == CredentialKind.Key);
}

/// <summary>Who signed, and with which credentials, the first factor first.</summary>
internal sealed record ProvenFactors(User User, IReadOnlyList<Credential> Credentials);
