using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.SignIn;

/// <summary>
/// The queries of signing in. A sign-in may begin with a mailed code, and is then handed the user's encrypted private keys. Like that of a
/// registration the code outlives a cancelled prompt or a mistyped password: it is spent by the sign-in that completes, which closes what
/// else it opened.
/// </summary>
internal sealed class SignInStore(
    Guesses guesses, ChallengeStore challenges, RequestFacts facts, Entropy entropy, TimeProvider clock, IOptions<ChallengeOptions> options)
{
    /// <summary>Opens a challenge and saves it.</summary>
    /// <param name="organisationId">Whose it is.</param>
    /// <param name="relyingParty">Of the organisation.</param>
    /// <param name="purpose">A sign-in of somebody, or of nobody.</param>
    /// <param name="userId">Whose sign-in it is, or whose rows are read for nobody's; null where the passkey will name its user.</param>
    /// <param name="boundTo">Of nobody's: what the made-up credentials follow from.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task<Ceremony> OpenAsync(string organisationId, RelyingParty relyingParty, CeremonyPurpose purpose, string? userId, string? boundTo, CancellationToken ct)
    {
        var opened = New(organisationId, relyingParty, purpose, userId, boundTo);
        await challenges.OpenAsync(opened, ct);
        return opened;
    }

    /// <summary>Opens the challenge of a user who holds a code.</summary>
    /// <returns>The challenge and the user's credentials; or too many attempts, one error for whatever is wrong with the code, or the user deactivated.</returns>
    public async Task<Checked<OpenedLogin>> OpenWithCodeAsync(HttpContext http, string organisationId, string username, string code, CancellationToken ct)
    {
        if ((await guesses.GuessAsync(http, CodePurpose.Login, organisationId, username, code, ct)).Failed(out var error, out var guess)) return error;
        if (!guess.User.IsActive)
        {
            await guesses.ReturnAsync(guess);
            return ErrorCatalog.UserDeactivated;
        }

        var ceremony = New(organisationId, guess.RelyingParty, CeremonyPurpose.Login, guess.User.Id, Ceremony.ByLoginCode);
        return await challenges.OpenAndReadAsync(ceremony, options.Value.MostOpen - 1, guess.Counted, CancellationToken.None) is { } credentials
            ? new OpenedLogin(ceremony, guess.RelyingParty, credentials)
            : ErrorCatalog.InvalidCode with { Reason = "spent or replaced meanwhile" };
    }

    private Ceremony New(string organisationId, RelyingParty relyingParty, CeremonyPurpose purpose, string? userId, string? boundTo) =>
        Ceremony.Open(entropy, organisationId, purpose, userId, clock.GetUtcNow(), options.Value.AuthenticationLifetime, relyingParty.ChooseId(facts.Origin), boundTo);
}

/// <summary>An open challenge of a sign-in, and the credentials that may answer it.</summary>
internal sealed record OpenedLogin(Ceremony Ceremony, RelyingParty RelyingParty, IReadOnlyList<SigningCredential> Credentials);
