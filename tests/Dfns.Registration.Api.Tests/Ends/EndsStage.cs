using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Ends;

/// <summary>Of whom something can be open.</summary>
internal enum Whose
{
    /// <summary>Came from a provider, and is registered, with two keys to sign in and one to recover.</summary>
    Registered,

    /// <summary>Has a registration code.</summary>
    Invited,

    /// <summary>Began at a provider.</summary>
    FromProvider,

    /// <summary>A service account began the registration.</summary>
    Delegated,

    ServiceAccount,
}

/// <summary>An organisation in which everything can be opened, and ended by everybody who may.</summary>
internal sealed record EndsStage(Service Service, TestOrganisation Organisation, OpenIdProvider Provider, SigningCaller Backend, SigningCaller Bystander) : IAsyncDisposable
{
    /// <summary>Another client of the organisation at the provider, which nobody comes by.</summary>
    public const string OtherClientId = "app.example.co";

    private int people;

    public static async Task<EndsStage> NewAsync(Service service)
    {
        var provider = await OpenIdProvider.StartAsync();
        var organisation = await service.NewOrganisationAsync();
        var backend = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var bystander = await (await Registered.NewAsync(organisation, username: "bystander@example.co")).SignedInAsync();
        return new EndsStage(service, organisation, provider, backend, bystander);
    }

    public async Task<EndsPerson> NewPersonAsync(Whose whose)
    {
        await TakeProviderAsync();
        var name = $"person-{++people}@example.co";
        var person = new EndsPerson(this, whose, name) { Voucher = await Organisation.NewServiceAccountAsync(Permission.RegisterDelegated, Permission.LoginDelegated, Permission.RecoverDelegated) };
        switch (whose)
        {
            case Whose.Registered:
                var begun = Of(await Service.PostAsync("/auth/registration/social", person.IdTokenBody()));
                person.User = await Registered.CompleteAsync(begun, name, recovery: true);
                (person.UserId, person.Session) = (begun.UserId, await person.User.SignedInAsync());
                var adding = await Adding.InitAsync(person.User, person.Session, CredentialKind.Key);
                person.Other = adding.Make(CredentialKind.Key);
                Assert.Equal(200, (int)(await person.Session.PostAsync("/auth/credentials", adding.BodyOf(person.Other))).Status);
                break;
            case Whose.Invited:
                person.Invited = await Service.InviteAsync(Organisation, name);
                person.UserId = person.Invited.UserId;
                break;
            case Whose.FromProvider:
                person.Begun = Of(await Service.PostAsync("/auth/registration/social", person.IdTokenBody()));
                person.UserId = person.Begun.UserId;
                break;
            case Whose.Delegated:
                person.Begun = Of(await person.Voucher.PostAsync("/auth/registration/delegated", person.DelegatedBody));
                person.UserId = person.Begun.UserId;
                break;
            case Whose.ServiceAccount:
                person.Session = await Organisation.NewServiceAccountAsync(Permission.ReadUsers, Permission.CreateUsers);
                person.UserId = person.Session.UserId;
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(whose));
        }

        return person;
    }

    // As it was at first, whatever became of it with the one before.
    private Task<int> TakeProviderAsync() => Service.InDatabaseAsync(async db =>
    {
        await db.SocialProviders.Where(p => p.OrganisationId == Organisation.Id).ExecuteDeleteAsync();
        db.SocialProviders.Add(new SocialProvider
        {
            OrganisationId = Organisation.Id,
            Issuer = Provider.Issuer,
            ClientIds = [OpenIdProvider.ClientId, OtherClientId],
            Algorithms = [.. SocialProviderRules.SupportedAlgorithms],
            CreatedAt = Service.Clock.GetUtcNow(),
        });
        return await db.SaveChangesAsync();
    });

    public Challenge Of(Answer answer)
    {
        Assert.True((int)answer.Status == 200, answer.Text);
        KnownSecrets.Add(answer.Require("temporaryAuthenticationToken"));
        return new Challenge(Organisation, (string)answer.Body["user"]!["id"]!, answer.Require("challenge"), answer.Require("temporaryAuthenticationToken"), answer.Body);
    }

    public ValueTask DisposeAsync() => Provider.DisposeAsync();
}

/// <summary>Somebody of whom things are opened, and who afterwards is as the act has left them: with other credentials, in another session.</summary>
internal sealed class EndsPerson(EndsStage stage, Whose whose, string name)
{
    private readonly Dictionary<string, string> mailed = new(StringComparer.Ordinal);
    private int tokens;

    public EndsStage Stage => stage;

    public Service Service => stage.Service;

    public Whose Whose => whose;

    public string Name => name;

    public string UserId { get; set; } = "";

    public Registered? User { get; set; }

    /// <summary>The second key to sign in with.</summary>
    public HeldCredential? Other { get; set; }

    public SigningCaller? Session { get; set; }

    /// <summary>The service account that vouches for this person, and for nobody else.</summary>
    public required SigningCaller Voucher { get; init; }

    /// <summary>A session on the word of that service account.</summary>
    public async Task<SigningCaller> DelegatedSessionAsync() => Caller(await VouchAsync("/auth/login/delegated", new JsonObject { ["username"] = name }));

    /// <summary>
    /// Has the service account speak for this person. Nobody vouches for whoever came from a provider; so that everything can be open of one person, the
    /// identity is away meanwhile.
    /// </summary>
    public async Task<Answer> VouchAsync(string path, JsonObject body)
    {
        var identities = await TakeIdentityAsync();
        var answer = await Voucher.PostAsync(path, body);
        await Service.InDatabaseAsync(async db =>
        {
            db.SocialAccounts.AddRange(identities);
            return await db.SaveChangesAsync();
        });
        return answer;
    }

    /// <summary>Takes the identity at the provider from this person.</summary>
    public Task<List<SocialAccount>> TakeIdentityAsync() => Service.InDatabaseAsync(async db =>
    {
        var own = db.SocialAccounts.AsNoTracking().Where(a => a.OrganisationId == stage.Organisation.Id && a.UserId == UserId);
        var identities = await own.ToListAsync();
        await own.ExecuteDeleteAsync();
        return identities;
    });

    /// <summary>A session on the word of the provider.</summary>
    public async Task<SigningCaller> SocialSessionAsync() => Caller(await Service.PostAsync("/auth/login/social", IdTokenBody()));

    public Invited? Invited { get; set; }

    public Challenge? Begun { get; set; }

    public JsonObject DelegatedBody => new() { ["email"] = name, ["kind"] = "EndUser" };

    public JsonObject NameBody => new() { ["username"] = name, ["orgId"] = stage.Organisation.Id };

    /// <summary>The body that carries an ID token of this person, another each time, issued now.</summary>
    public JsonObject IdTokenBody(double? issuedAt = null, Action<JsonObject>? change = null) => new()
    {
        ["idToken"] = stage.Provider.Draft(Service.Clock.GetUtcNow(), subject: name, email: name).With(d =>
        {
            d.Claims["jti"] = $"{name} {++tokens}";
            if (issuedAt is { } seconds) d.Claims["iat"] = seconds;
            change?.Invoke(d.Claims);
        }).Encode(),
        ["socialLoginProviderKind"] = "Oidc",
        ["orgId"] = stage.Organisation.Id,
    };

    /// <summary>A code by mail, one of each kind.</summary>
    public async Task<string> MailedAsync(string path)
    {
        if (mailed.TryGetValue(path, out var code)) return code;
        Assert.Equal(200, (int)(await Service.PostAsync(path, NameBody)).Status);
        while (true)
        {
            // Whoever is invited by this service gets one too.
            if (await Service.Inbox.NextAsync() is var mail && mail.OrganisationId == stage.Organisation.Id && mail.To == name) return mailed[path] = mail.Code;
        }
    }

    public JsonObject LoginCodeBody(string code)
    {
        var body = NameBody;
        body["loginCode"] = code;
        return body;
    }

    public JsonObject CodeBody => new() { ["expiration"] = Service.Clock.GetUtcNow().AddSeconds(60).ToUnixTimeMilliseconds() };

    /// <summary>A code for another device, which the session asks for.</summary>
    public Task<string> CredentialCodeAsync() => CredentialCodeAsync(Session!);

    /// <summary>The same of another session.</summary>
    public async Task<string> CredentialCodeAsync(SigningCaller session)
    {
        var answer = await session.PostAsync("/auth/credentials/code", CodeBody);
        KnownSecrets.Add(answer.Require("code"));
        return answer.Require("code");
    }

    public Task<Answer> InitWithCodeAsync(string code) => Service.PostAsync("/auth/credentials/code/init", new JsonObject { ["code"] = code, ["credentialKind"] = "Key" });

    /// <summary>A personal access token, as an employee makes one.</summary>
    public async Task<string> PatAsync()
    {
        await using var scope = Service.Services.CreateAsyncScope();
        var services = scope.ServiceProvider;
        var db = services.GetRequiredService<RegistrationDbContext>();
        var (owner, relyingParty) = (await db.Users.SingleAsync(u => u.OrganisationId == stage.Organisation.Id && u.Id == UserId), await db.RelyingParties.SingleAsync(r => r.OrganisationId == stage.Organisation.Id));
        var session = await db.AccessTokens.FirstAsync(t => t.OrganisationId == stage.Organisation.Id && t.UserId == UserId);
        var key = SoftwareKey.P256();
        var added = await services.GetRequiredService<ServiceAccountStore>().AddPatAsync(
            new Accounts.Caller(owner, session, relyingParty), "Nightly", externalId: null, key.Pem, key.SubjectPublicKeyInfo, Service.Clock.GetUtcNow().AddDays(1), CancellationToken.None);
        Assert.False(added.Failed(out _, out var pat));
        await services.GetRequiredService<Changes>().SaveAsync(CancellationToken.None);
        var token = await services.GetRequiredService<TokenService>().IssueAsync(pat!.Token, owner, CancellationToken.None);
        KnownSecrets.Add(token);
        return token;
    }

    /// <summary>A bearer token, used.</summary>
    public Task<Answer> CallAsync(string bearer) => Service.SendAsync(HttpMethod.Get, whose == Whose.ServiceAccount ? "/auth/users" : "/auth/credentials", content: null, bearer);

    private SigningCaller Caller(Answer signedIn) => new(Service, signedIn.Require("token"), User!.AnswerTo);

    /// <summary>Signs in anew where the session has ended and that can be, so that what is tried afterwards does not fail for want of a session.</summary>
    public async Task SignInAgainAsync()
    {
        if (User is null || (int)(await CallAsync(Session!.Token)).Status == 200) return;
        var answer = await Service.PostAsync("/auth/login", await User.LoginBodyAsync());
        if ((int)answer.Status == 200) Session = new SigningCaller(Service, answer.Require("token"), User.AnswerTo);
    }
}
