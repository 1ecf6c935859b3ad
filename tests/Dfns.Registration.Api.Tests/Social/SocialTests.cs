using System.Text.Json.Nodes;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Social;

/// <summary>What the tests of social registration begin with: a provider, and an organisation that accepts its tokens.</summary>
public abstract class SocialTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    /// <summary>What of an organisation a registration could have changed.</summary>
    public sealed record Rows(int Users, int Accounts, int Sessions, int AuditEvents);

    internal static readonly Rows None = new(0, 0, 0, 0);

    internal async Task<TestOrganisation> OrganisationAsync(OpenIdProvider provider, Action<SocialProvider>? change = null)
    {
        var organisation = await Service.NewOrganisationAsync();
        await AcceptAsync(organisation, provider.Issuer, change);
        return organisation;
    }

    internal Task<int> AcceptAsync(TestOrganisation organisation, string issuer, Action<SocialProvider>? change = null) => Service.InDatabaseAsync(db =>
    {
        var row = new SocialProvider
        {
            OrganisationId = organisation.Id,
            Issuer = issuer,
            ClientIds = [OpenIdProvider.ClientId],
            Algorithms = [.. SocialProviderRules.DefaultAlgorithms],
            CreatedAt = Service.Clock.GetUtcNow(),
        };
        change?.Invoke(row);
        db.SocialProviders.Add(row);
        return db.SaveChangesAsync();
    });

    internal IdTokenDraft Draft(OpenIdProvider provider, string subject = "248289761001", string? email = "jane@example.co") => provider.Draft(Service.Clock.GetUtcNow(), subject, email);

    internal static JsonObject Body(TestOrganisation organisation, string idToken, string? nonce = null) => new()
    {
        ["idToken"] = idToken,
        ["socialLoginProviderKind"] = "Oidc",
        ["orgId"] = organisation.Id,
        ["nonce"] = nonce,
    };

    internal Task<Answer> TryStartAsync(TestOrganisation organisation, IdTokenDraft draft, string? nonce = null) =>
        Service.PostAsync("/auth/registration/social", Body(organisation, draft.Encode(), nonce));

    internal async Task<Challenge> StartAsync(TestOrganisation organisation, IdTokenDraft draft, string? nonce = null) => Challenge.Of(organisation, await TryStartAsync(organisation, draft, nonce));

    internal async Task AssertRefusedAsync(string code, TestOrganisation organisation, IdTokenDraft draft, string? nonce = null)
    {
        var before = await RowsAsync(organisation);

        var answer = await TryStartAsync(organisation, draft, nonce);

        Assert.Equal(code, answer.Code);
        Assert.Equal(before, await RowsAsync(organisation));
    }

    internal Task<Rows> RowsAsync(TestOrganisation organisation) => Service.InDatabaseAsync(async db => new Rows(
        await db.Users.CountAsync(u => u.OrganisationId == organisation.Id),
        await db.SocialAccounts.CountAsync(a => a.OrganisationId == organisation.Id),
        await db.Ceremonies.CountAsync(c => c.OrganisationId == organisation.Id),
        await db.AuditEvents.CountAsync(e => e.OrganisationId == organisation.Id)));
}
