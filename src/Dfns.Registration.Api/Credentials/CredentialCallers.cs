using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;

namespace Dfns.Registration.Api.Credentials;

/// <summary>Who may manage credentials: a person, each the own ones. A service account has the key that its operator registered.</summary>
internal sealed class CredentialCallers(CallerReader callers, SignedCalls calls)
{
    /// <summary>Reads who calls.</summary>
    /// <returns>The caller, or 401.</returns>
    public async Task<Checked<Caller>> ReadAsync(HttpRequest http, CancellationToken ct) =>
        await callers.ReadAsync(http, ct) is { User.IsServiceAccount: false } caller ? caller : ErrorCatalog.NotAuthorized;

    /// <summary>Reads who calls and what with the call comes.</summary>
    /// <returns>The caller and the body; or 401, or what is wrong with the body.</returns>
    public async Task<Checked<Called<Caller, T>>> ReadAsync<T>(HttpRequest http, Func<Task<Checked<T>>> read, CancellationToken ct)
        where T : notnull
    {
        if ((await callers.ReadAsync(http, read, ct)).Failed(out var error, out var called)) return error;
        return called.Caller.User.IsServiceAccount ? ErrorCatalog.NotAuthorized : called;
    }

    /// <summary>Reads a call that its caller signed, which changes something.</summary>
    /// <returns>The call; or 401, what is wrong with the signed action, or 429.</returns>
    public async Task<Checked<SignedCall>> ReadSignedAsync(HttpRequest http, CancellationToken ct)
    {
        if ((await calls.ReadAsync(http, ct)).Failed(out var error, out var call)) return error;
        return call.Caller.User.IsServiceAccount ? ErrorCatalog.NotAuthorized : call;
    }
}
