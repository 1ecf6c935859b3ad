using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.EndToEnd.Tests.Pages;

/// <summary>What the README tells a newcomer to type, typed.</summary>
public sealed partial class ReadmeTests(DevelopmentService service) : IClassFixture<DevelopmentService>
{
    [Fact]
    public async Task Every_package_that_a_page_tells_to_install_is_of_the_version_that_the_tests_hold()
    {
        var held = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Places.Node, "package.json")))!["dependencies"]!.AsObject();
        string[] pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", .. Directory.EnumerateFiles(Path.Combine(Places.Repository, "docs"), "*.md", SearchOption.AllDirectories), "src/Dfns.Registration.Api/README.md"];
        var named = new List<string>();
        foreach (var page in pages)
        {
            foreach (Match command in Install().Matches(await File.ReadAllTextAsync(Path.Combine(Places.Repository, page)))) named.AddRange(command.Groups["what"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => !word.StartsWith('-')));
        }

        Assert.True(named.Count >= 4, string.Join(' ', named));
        Assert.All(named, package =>
        {
            var at = package.LastIndexOf('@');
            Assert.True(at > 0, $"{package} names no version.");
            Assert.Equal((string?)held[package[..at]], package[(at + 1)..]);
        });
    }

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

        var answer = await WalkAsync();
        var invitation = await service.Process.PrintedInvitationAsync();
        Assert.Equal((invitation.Username, "My key"), ((string?)answer["user"]?["username"], (string?)answer["credential"]?["name"]));
        Assert.Equal("Key", Assert.Single(await service.Tables.CredentialsAsync(invitation.Username)).Text("kind"));

        // A link that is spent costs nobody the key that it registered.
        var key = await File.ReadAllTextAsync(Path.Combine(work.FullName, $"{invitation.Username}.pem"));
        Assert.NotNull((string?)(await WalkAsync())["error"]?["code"]);
        Assert.Equal(key, await File.ReadAllTextAsync(Path.Combine(work.FullName, $"{invitation.Username}.pem")));
        work.Delete(recursive: true);

        async Task<JsonNode> WalkAsync()
        {
            await using var shell = RunningProcess.Start(new ProcessStartInfo("sh", ["-eu", "-c", walk.Replace(example, $"link='{link}'", StringComparison.Ordinal)]) { WorkingDirectory = work.FullName });
            Assert.True(await shell.ExitAsync() == 0, shell.Output.ToString());
            return JsonNode.Parse(shell.Output.Lines[^1])!;
        }
    }

    [GeneratedRegex(@"npm (install|i|add) (?<what>[^`\n]*)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Install();
}
