using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Load;

/// <summary>Hundreds of requests that no honest client sends, against one service in Production.</summary>
public abstract class HostileRequestTests(Func<Task<TestDatabase>> makeDatabase)
{
    public sealed class OnSqlite() : HostileRequestTests(TestDatabase.SqliteAsync);

    public sealed class OnPostgreSql() : HostileRequestTests(TestDatabase.PostgreSqlAsync);

    [Fact]
    public async Task Each_is_refused_by_a_code_of_the_catalogue_and_writes_nothing()
    {
        await using var database = await makeDatabase();
        await using var service = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString);
        var scene = await HostileScene.SetAsync(service, database);
        var tables = Tables.Of(database);
        var before = await tables.CountsAsync();

        var requests = scene.Requests().ToList();
        var wrong = new ConcurrentQueue<string>();
        // Several at once, since the service waits some seconds for the rest of a body that never comes.
        await Parallel.ForEachAsync(requests, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (request, _) =>
        {
            var answer = await request.SendAsync();
            if (!IsRefusal(answer) || (request.Status is { } status && answer.Status != status))
            {
                wrong.Enqueue($"{request.Name}: {answer.Status} {answer.Body.ToJsonString()}");
            }
        });

        Assert.True(wrong.IsEmpty, string.Join(Environment.NewLine, wrong));
        Assert.True(requests.Count >= 200, $"There are {requests.Count} requests.");
        TestContext.Current.TestOutputHelper?.WriteLine($"{requests.Count} requests, all refused.");
        Assert.Equal(before, await tables.CountsAsync());
        Assert.False(service.HasExited);

        // What they were aimed at is as good as it was.
        var honest = await service.CompleteAsync(scene.Open, scene.HonestBody());
        Assert.True(honest.Status == 200, honest.Body.ToJsonString());
        await service.StopAsync();
        Assert.DoesNotContain(service.Output.Lines, line => line.Contains("\"@l\":\"Error\"", StringComparison.Ordinal) || line.Contains("\"@x\"", StringComparison.Ordinal));
        Assert.All(scene.Secrets, secret => Assert.DoesNotContain(service.Output.Lines, line => line.Contains(secret, StringComparison.Ordinal)));
    }

    private static bool IsRefusal(Answer answer)
    {
        if (ErrorCatalog.All.FirstOrDefault(e => e.Code == answer.Code) is not { } row) return false;
        return row.Status == answer.Status && answer.Status is >= 400 and < 500
            && (string?)answer.Body["error"]!["message"] == (string?)answer.Body["message"]
            && answer.Body["error"]!["status"] is JsonValue status && (int)status == answer.Status;
    }
}
