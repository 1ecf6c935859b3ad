using Dfns.Registration.Api.OpenApi;
using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Demonstration;

/// <summary>
/// Examples that work: a demonstration user whose session is open, and credentials that signed its challenge. Any one of them, sent from
/// the UI's form, registers that user; a page loaded afterwards shows the next user.
/// </summary>
internal sealed class DemonstrationExamples(IServiceScopeFactory scopes, TokenService tokens, TimeProvider clock) : IRequestExamples, IDisposable
{
    private readonly SemaphoreSlim making = new(1);
    private (TokenReference Session, RequestExamples Examples)? last;

    public async Task<RequestExamples> MakeAsync(CancellationToken ct)
    {
        await making.WaitAsync(ct);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            if (last is { } made && await IsOpenAsync(scope.ServiceProvider, made.Session, ct)) return made.Examples;

            var (username, code) = await scope.ServiceProvider.GetRequiredService<DemonstrationData>().InviteAsync(ct);
            var store = scope.ServiceProvider.GetRequiredService<RegistrationStore>();
            if ((await store.OpenAsync(code.OrganisationId, username, code.Code, isFirstAttempt: true, ct)).Failed(out var error, out var session))
            {
                throw new InvalidOperationException($"The demonstration user cannot register: {error.Code}");
            }

            var token = await tokens.IssueAsync(session.Ceremony, session.User, ct);
            var make = new ExampleCredentials(session.Ceremony.Challenge, session.RelyingParty.RelyingPartyId, session.RelyingParty.Origins[0]);
            var examples = RequestExamples.Of(make, username, code.Code, code.OrganisationId, token);
            last = (new TokenReference(session.Ceremony.OrganisationId, session.Ceremony.Id), examples);
            return examples;
        }
        finally
        {
            making.Release();
        }
    }

    public void Dispose() => making.Dispose();

    private Task<bool> IsOpenAsync(IServiceProvider services, TokenReference session, CancellationToken ct)
    {
        // Long enough before its end that a reader can still send the example; and the code of the example for init is still the code.
        var soon = clock.GetUtcNow() + TimeSpan.FromMinutes(5);
        var db = services.GetRequiredService<RegistrationDbContext>();
        return db.Ceremonies.AnyAsync(
            c => c.OrganisationId == session.OrganisationId && c.Id == session.Id && c.ConsumedAt == null && c.ExpiresAt > soon
                && db.Codes.Any(k => k.OrganisationId == c.OrganisationId && k.UserId == c.UserId && k.Purpose == CodePurpose.Registration && k.SentAt == null),
            ct);
    }
}
