using Dfns.Registration.Api.OpenApi;
using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.Tokens;

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
            var data = scope.ServiceProvider.GetRequiredService<DemonstrationStore>();
            // Long enough before its end that a reader can still send the example.
            if (last is { } made && await data.IsOpenAsync(made.Session, clock.GetUtcNow() + TimeSpan.FromMinutes(5), ct)) return made.Examples;

            var (username, code) = await data.InviteAsync(ct);
            var store = scope.ServiceProvider.GetRequiredService<RegistrationStore>();
            if ((await store.OpenWithoutCodeAsync(code.OrganisationId, code.UserId, identity: null, ct)).Failed(out var error, out var session))
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
}
