using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Throttling;

namespace Dfns.Registration.Api.Credentials;

/// <summary>Who may manage credentials: a person, each the own ones. A service account has the key that its operator registered.</summary>
internal sealed class CredentialCallers(CallerReader callers, SignedCalls calls, AttemptBudgets budgets)
{
    /// <summary>Reads who calls.</summary>
    /// <returns>The caller, or 401.</returns>
    public async Task<Checked<Caller>> ReadAsync(HttpRequest http, CancellationToken ct) =>
        await callers.ReadAsync(http, ct) is { User.IsServiceAccount: false } caller ? caller : ErrorCatalog.NotAuthorized;

    /// <summary>Reads a call that its caller signed, which changes something: so much of it at a time.</summary>
    /// <returns>The call; or 401, what is wrong with the signed action, or 429.</returns>
    public async Task<Checked<SignedCall>> ReadSignedAsync(HttpRequest http, CancellationToken ct)
    {
        if ((await calls.ReadAsync(http, ct)).Failed(out var error, out var call)) return error;
        if (call.Caller.User is { IsServiceAccount: true }) return ErrorCatalog.NotAuthorized;
        return await budgets.TakeChangeAsync(call.Caller.User, ct) is { } tooMany ? tooMany : call;
    }
}
