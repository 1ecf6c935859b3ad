using System.Net;
using Dfns.Registration.Api.Tests.Hosting;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Throttling;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Throttling;

/// <summary>A request's place among those that are worked on: nothing is looked up for one that has none, at whichever endpoint.</summary>
public sealed class PlaceTests(ServiceFixture.Sqlite fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    // A session that was signed out is told so by a look-up, and by nothing else.
    [Theory]
    [InlineData("application/json", "{}")]
    [InlineData("application/json", "{")]
    [InlineData("text/plain", "{}")]
    public async Task Who_calls_is_not_looked_up_before_there_is_one(string mediaType, string body)
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var requests = await BrokenBodyTests.RequestsAsync(service, async session =>
        {
            Assert.Equal(HttpStatusCode.OK, (await service.SendAsync(HttpMethod.Put, "/auth/logout", content: null, session)).Status);
            return session;
        });
        var places = service.Services.GetRequiredService<Admission>().Places;
        using (var all = places.AttemptAcquire((int)places.GetStatistics()!.CurrentAvailablePermits))
        {
            Assert.True(all.IsAcquired);
            foreach (var request in requests) Assert.Equal((request.Path, "service_busy"), (request.Path, await CodeAsync(request)));
        }

        Assert.True(requests.Count > 25, $"{requests.Count}");
        foreach (var request in requests) Assert.NotEqual((request.Path, "service_busy"), (request.Path, await CodeAsync(request)));

        async Task<string?> CodeAsync(RawRequest request)
        {
            using var client = await RawClient.ConnectAsync(service);
            var sent = request with { Body = body, MediaType = mediaType == "application/json" ? request.MediaType : mediaType };
            await client.WriteAsync(sent.Head() + sent.Body);
            var answer = await client.ReadAsync();
            return answer.Split("\"code\":\"") is [_, var rest, ..] ? rest.Split('"')[0] : answer;
        }
    }
}
