using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Users;

/// <summary><c>POST /auth/users</c>: an employee who does not exist yet, and a registration code by mail.</summary>
internal static class CreateUser
{
    internal static async Task<Results<Ok<UserResponse>, ErrorResult>> CreateAsync(
        HttpRequest http, SignedCalls calls, UserStore users, CodeStore codes, Audit audit, MailSender sender, CancellationToken ct)
    {
        if ((await calls.ReadAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (call.Caller.Lacking(Permission.CreateUsers) is { } lacking) return (ErrorResult)lacking;
        if (JsonBody.Parse<CreateUserRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;
        var email = request.Email;
        if (UserStore.NameFault(email) is not null || !MailAddress.IsMailable(email)) return (ErrorResult)ErrorCatalog.MemberInvalid.Saying("Use an e-mail address and nothing else, such as 'jane@example.co'.").At("$.email");
        if (string.IsNullOrEmpty(request.Kind)) return (ErrorResult)ErrorCatalog.MemberRequired.At("$.kind");
        if (request.Kind != nameof(UserKind.CustomerEmployee)) return (ErrorResult)ErrorCatalog.MemberInvalid.Saying("Use CustomerEmployee; end users are created with POST /auth/registration/delegated.").At("$.kind");
        if (request.PublicKey is not null) return (ErrorResult)ErrorCatalog.MemberInvalid.Saying("Leave it out: whoever registers brings the key, and proves to hold it.").At("$.publicKey");
        if (request.IsSSORequired == true) return (ErrorResult)ChangeUser.NoSingleSignOn;
        // Asked before anything is changed: the code goes out by mail or not at all.
        if (sender.IsFull(call.Caller.User.OrganisationId)) return (ErrorResult)(ErrorCatalog.MailBusy with { RetryAfterSeconds = 60 });

        if (users.Add(call.Caller.RelyingParty, email, UserKind.CustomerEmployee, request.ExternalId).Failed(out error, out var user)) return (ErrorResult)error.At("$.email");
        var mail = codes.Mail(codes.Issue(user) with { RemoteAddress = http.RemoteAddress() });
        audit.Add(user.OrganisationId, AuditActions.UserInvited, call.Caller.User.Id, user.Id, http.RemoteAddress(), told: EventData.Of(user));
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)await users.ConflictAsync(user, conflict, ct);
        sender.Wake(mail);
        return TypedResults.Ok(UserResponse.Of(new FoundUser(user, CredentialUuid: null, Assigned: [])));
    }
}
