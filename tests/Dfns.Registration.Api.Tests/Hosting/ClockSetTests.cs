using System.Text.Json.Nodes;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tests.Social;
using Dfns.Registration.Api.Tokens;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Hosting;

/// <summary>Somebody sets the machine's clock, either way: what is kept in memory for a while is kept as long as ever, by the clock that nobody sets.</summary>
public sealed class ClockSetTests(ServiceFixture.Sqlite fixture) : SocialTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    private const string Origin = "https://new.example.co";

    public static TheoryData<int> Hours => [8, -8];

    /// <summary>So that it was read, and is kept, when the clock is set.</summary>
    private static readonly TimeSpan LongEnough = TimeSpan.FromHours(2);

    [Theory]
    [MemberData(nameof(Hours))]
    public async Task Origins_are_read_again(int hours)
    {
        await using var service = await Service.StartAsync(Service.Database);
        var organisation = await service.NewOrganisationAsync();
        Assert.False(await IsAdmittedAsync(service));

        Set(service, hours);
        await service.InDatabaseAsync(async db =>
        {
            (await db.RelyingParties.SingleAsync(r => r.OrganisationId == organisation.Id)).Origins = [Origin];
            return await db.SaveChangesAsync();
        });
        service.Clock.Advance(TimeSpan.FromSeconds(15));

        Assert.True(await IsAdmittedAsync(service));
        await service.InDatabaseAsync(db => db.RelyingParties.Where(r => r.OrganisationId == organisation.Id).ExecuteDeleteAsync());
    }

    [Theory]
    [MemberData(nameof(Hours))]
    public async Task Signing_keys_are_read_again(int hours)
    {
        await using var service = await Service.StartAsync(Service.Database);
        Assert.Single(await PublishedAsync(service));

        Set(service, hours);
        var rotated = await service.Services.GetRequiredService<SigningKeys>().RotateAsync(CancellationToken.None);
        service.Clock.Advance(SigningKeys.Refresh);

        Assert.Contains(rotated.Id, await PublishedAsync(service));
        await service.InDatabaseAsync(db => db.SigningKeys.Where(k => k.Id == rotated.Id).ExecuteDeleteAsync());
    }

    [Theory]
    [MemberData(nameof(Hours))]
    public async Task Keys_of_a_provider_are_read_again(int hours)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await StartAsync(organisation, Draft(provider));

        Set(Service, hours);
        provider.Rotate();
        Service.Clock.Advance(ProviderKeys.Pause);

        await StartAsync(organisation, Draft(provider));
        Assert.Equal(2, provider.KeyRequests);
    }

    [Theory]
    [MemberData(nameof(Hours))]
    public async Task Mails_go_out(int hours)
    {
        await using var service = await Service.StartAsync(Service.Database, ("Mail:Spread", "00:01:00"), ("Registration:CodeLifetime", "1.00:00:00"));
        var invited = await service.InviteAsync(await service.NewOrganisationAsync(), $"mail{hours}@example.co");
        Assert.Equal(200, (int)(await service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = invited.Username, ["orgId"] = invited.Organisation.Id })).Status);

        Set(service, hours);
        service.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(invited.Username, (await service.Inbox.NextAsync()).To);
    }

    private static async Task<bool> IsAdmittedAsync(Service service)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health/live");
        request.Headers.Add("Origin", Origin);
        using var answer = await service.Http.SendAsync(request);
        return answer.Headers.Contains("Access-Control-Allow-Origin");
    }

    private static async Task<List<string>> PublishedAsync(Service service)
    {
        var jwks = await service.SendAsync(HttpMethod.Get, "/.well-known/jwks.json", content: null, bearer: null);
        return [.. jwks.Body["keys"]!.AsArray().Select(k => (string)k!["kid"]!)];
    }

    private static void Set(Service service, int hours)
    {
        service.Clock.Advance(LongEnough);
        service.Clock.Set(TimeSpan.FromHours(hours));
    }
}
