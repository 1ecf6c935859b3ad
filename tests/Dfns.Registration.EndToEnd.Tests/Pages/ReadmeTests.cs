using System.Diagnostics;
using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.EndToEnd.Tests.Pages;

/// <summary>What the README tells a newcomer to type, typed.</summary>
public sealed class ReadmeTests(DevelopmentService service) : IClassFixture<DevelopmentService>
{
    [Fact]
    public async Task The_walk_with_curl_registers_the_user_of_the_printed_link()
    {
        foreach (var program in new[] { "sh", "curl", "openssl" })
        {
            if (Installed.Find(program) is null) Prerequisite.IsMissing($"The program {program} is not installed (apt-get install {program}).");
        }

        const string example = "link='http://localhost:5080/#username=newcomer-…&code=…&orgId=…'";
        var readme = (await File.ReadAllTextAsync(Path.Combine(Places.Repository, "README.md"))).ReplaceLineEndings("\n");
        var walk = readme.Split("```sh\n").Select(block => block.Split("\n```")[0]).Single(block => block.StartsWith(example, StringComparison.Ordinal));
        var link = (await service.Process.PrintedLinkAsync()).OriginalString;
        var work = Directory.CreateTempSubdirectory("dfns-test-");

        await using var shell = RunningProcess.Start(new ProcessStartInfo("sh", ["-eu", "-c", walk.Replace(example, $"link='{link}'", StringComparison.Ordinal)]) { WorkingDirectory = work.FullName });
        Assert.True(await shell.ExitAsync() == 0, shell.Output.ToString());

        var answer = JsonNode.Parse(shell.Output.Lines[^1])!;
        var invitation = await service.Process.PrintedInvitationAsync();
        Assert.Equal((invitation.Username, "My key"), ((string?)answer["user"]?["username"], (string?)answer["credential"]?["name"]));
        Assert.Equal("Key", Assert.Single(await service.Tables.CredentialsAsync(invitation.Username)).Text("kind"));
        work.Delete(recursive: true);
    }
}
