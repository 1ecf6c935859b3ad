using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dfns.Registration.EndToEnd.Tests.Pages;

/// <summary>Swagger UI in Development, in a real browser: its examples can be sent as they are shown.</summary>
public sealed class SwaggerPageTests(DevelopmentService service, Browser browser) : IClassFixture<DevelopmentService>
{
    [Fact]
    public async Task Opens_authorized_and_without_a_complaint()
    {
        await using var tab = await OpenAsync();
        await tab.Page.ReloadAsync();

        await Expect(tab.Page.Locator(".auth-wrapper .authorize.locked")).ToBeVisibleAsync();
        await Expect(tab.Page.GetByText("Demonstration.", new PageGetByTextOptions { Exact = true })).ToHaveCountAsync(1);
        await Expect(tab.Page.Locator(".opblock")).ToHaveCountAsync(await OperationsAsync());
        await tab.ScreenshotAsync("8-swagger");

        tab.AssertQuiet(service.Origin);
    }

    [Theory]
    [InlineData("A passkey and a recovery key", "Fido2 FirstFactor, RecoveryKey Recovery")]
    [InlineData("A key", "Key FirstFactor")]
    [InlineData("A password-protected key and a recovery key", "PasswordProtectedKey FirstFactor, RecoveryKey Recovery")]
    [InlineData("A passkey, a key and a recovery key", "Fido2 FirstFactor, Key SecondFactor, RecoveryKey Recovery")]
    public async Task Completes_a_registration_with_each_example_exactly_as_shown(string example, string stored)
    {
        await using var tab = await OpenAsync();
        await Expect(tab.Page.Locator(".auth-wrapper .authorize.locked")).ToBeVisibleAsync();
        var operation = await ExpandAsync(tab, "completeUserRegistration");
        await operation.Locator("select.examples-select-element").First.SelectOptionAsync(new SelectOptionValue { Label = example });

        var answer = await ExecuteAsync(operation, status: "200");

        await tab.ScreenshotAsync("9-swagger-" + example.Replace(' ', '-'));
        var rows = await service.Tables.CredentialsAsync((string)answer["user"]!["username"]!);
        Assert.Equal(stored, string.Join(", ", rows.Select(row => $"{row.Text("kind")} {row.Text("slot")}")));
        Assert.Equal(rows[0].Text("uuid"), (string?)answer["credential"]!["uuid"]);
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task Starts_a_registration_with_the_example_exactly_as_shown()
    {
        await using var tab = await OpenAsync();
        var operation = await ExpandAsync(tab, "createRegistrationChallenge");

        var answer = await ExecuteAsync(operation, status: "200");

        Assert.Equal(43, ((string)answer["challenge"]!).Length);
        tab.AssertQuiet(service.Origin);
    }

    private async Task<Tab> OpenAsync()
    {
        var tab = await browser.OpenAsync();
        await tab.Page.GotoAsync($"{service.Origin}/swagger");
        return tab;
    }

    private async Task<int> OperationsAsync()
    {
        var document = JsonNode.Parse(await service.Process.Http.GetStringAsync(new Uri("/swagger/v1/swagger.json", UriKind.Relative)))!;
        return document["paths"]!.AsObject().Sum(path => path.Value!.AsObject().Count);
    }

    private static async Task<ILocator> ExpandAsync(Tab tab, string operationId)
    {
        var operation = tab.Page.Locator($".opblock[id$='-{operationId}']");
        await operation.Locator(".opblock-summary-control").ClickAsync();
        return operation;
    }

    private static async Task<JsonNode> ExecuteAsync(ILocator operation, string status)
    {
        await operation.Locator("button.execute").ClickAsync();
        var answer = operation.Locator(".live-responses-table .response");
        await Expect(answer.Locator(".response-col_status")).ToContainTextAsync(status);
        return JsonNode.Parse((await answer.Locator(".response-col_description .highlight-code code").First.TextContentAsync())!)!;
    }
}

/// <summary>Apart from the others, since a new code is the end of the one in their examples.</summary>
public sealed class SwaggerResendTests(DevelopmentService service, Browser browser) : IClassFixture<DevelopmentService>
{
    [Fact]
    public async Task Sends_a_new_code_with_the_example_exactly_as_shown()
    {
        await using var tab = await browser.OpenAsync();
        await tab.Page.GotoAsync($"{service.Origin}/swagger");
        var operation = tab.Page.Locator(".opblock[id$='-resendRegistrationCode']");
        await operation.Locator(".opblock-summary-control").ClickAsync();

        await operation.Locator("button.execute").ClickAsync();

        await Expect(operation.Locator(".live-responses-table .response .response-col_status")).ToContainTextAsync("200");
        await service.Process.Output.LineAsync(line => line.Contains("Registration code for newcomer-", StringComparison.Ordinal));
        tab.AssertQuiet(service.Origin);
    }
}
