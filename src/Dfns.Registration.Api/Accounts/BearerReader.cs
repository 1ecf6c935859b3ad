using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Accounts;

/// <summary>Reads the bearer tokens of all requests, and counts each, good or not.</summary>
internal sealed class BearerReader(TokenService tokens, BearerLimits limits, RequestFacts facts)
{
    /// <summary>Reads the bearer token of a request.</summary>
    /// <param name="request">The request; only its <c>Authorization</c> header is looked at.</param>
    /// <param name="purpose">What the token must have been issued for.</param>
    /// <param name="ct">Ends the wait for the keys.</param>
    /// <returns>The row it names, not looked up; null for whatever reason: no token, one for something else, or expired.</returns>
    /// <exception cref="TooManyCallsException">The token, or the address with what is none, has made as many calls as may be.</exception>
    public async Task<TokenReference?> ReadAsync(HttpRequest request, TokenPurpose purpose, CancellationToken ct)
    {
        if (await tokens.ReadAsync(request, purpose, ct) is { } reference)
        {
            facts.OrganisationId = reference.OrganisationId;
            limits.TakeOf(reference.Id);
            return reference;
        }

        limits.TakeOfStranger(request.HttpContext);
        return null;
    }
}
