using System.Net;
using System.Text;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>What happens while a client takes its time to send a body counts.</summary>
public abstract class SlowBodyTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : SlowBodyTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : SlowBodyTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task A_session_that_ends_meanwhile_is_over()
    {
        var challenge = await ChallengeAsync();

        var answer = await CompleteAsync(challenge, () =>
        {
            Service.Clock.Advance(TimeSpan.FromMinutes(15));
            return Task.CompletedTask;
        });

        Assert.Equal("not_authorized", answer.Code);
        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
    }

    [Fact]
    public async Task A_user_who_is_deactivated_meanwhile_does_not_register()
    {
        var challenge = await ChallengeAsync();

        var answer = await CompleteAsync(challenge, () => Service.InDatabaseAsync(db =>
            db.Users.Where(u => u.Id == challenge.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, false))));

        Assert.Equal("user_deactivated", answer.Code);
        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
    }

    private async Task<Answer> CompleteAsync(Challenge challenge, Func<Task> meanwhile)
    {
        using var content = new HaltingContent(Encoding.UTF8.GetBytes(challenge.GoodBody().ToJsonString()), meanwhile);
        return await Service.SendAsync(HttpMethod.Post, "/auth/registration", content, challenge.Token);
    }

    private async Task<Challenge> ChallengeAsync() => await (await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co")).InitAsync();

    /// <summary>Half a body, then something else happens, then the other half.</summary>
    private sealed class HaltingContent : HttpContent
    {
        private readonly byte[] body;
        private readonly Func<Task> meanwhile;

        public HaltingContent(byte[] body, Func<Task> meanwhile)
        {
            (this.body, this.meanwhile) = (body, meanwhile);
            Headers.ContentType = new("application/json");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(body.AsMemory(0, body.Length / 2));
            await stream.FlushAsync();
            await meanwhile();
            await stream.WriteAsync(body.AsMemory(body.Length / 2));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = body.Length;
            return true;
        }
    }
}
