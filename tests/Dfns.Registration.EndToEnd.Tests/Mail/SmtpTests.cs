using System.Text.Json.Nodes;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Mail;

/// <summary>Codes by mail, in Production, to a real SMTP server.</summary>
public sealed class SmtpTests : IAsyncLifetime
{
    private TestDatabase database = null!;
    private Invitation invitation = null!;

    // Production knows no demonstration: a service in Development leaves its organisation and its user in the database, on which, under
    // the same master key, the one of the test then runs.
    public async ValueTask InitializeAsync()
    {
        database = await TestDatabase.SqliteAsync();
        await using var development = await ServiceProcess.StartDevelopmentAsync(database.Provider, database.ConnectionString);
        invitation = await development.PrintedInvitationAsync();
        await development.StopAsync();
    }

    public async ValueTask DisposeAsync() => await database.DisposeAsync();

    [Fact]
    public async Task Mails_a_code_that_starts_a_registration_and_ends_the_earlier_code()
    {
        await using var smtp = await SmtpServer.StartAsync();
        await using var service = await StartAsync(smtp, ("Mail:Link", "https://app.example.co/register#username={username}&code={code}&orgId={orgId}"));

        await ResendAsync(service, invitation);
        var mail = await smtp.NextAsync();

        var code = mail.Code;
        Assert.Equal(("no-reply@example.co", invitation.Username), (mail.From, Assert.Single(mail.To)));
        Assert.Equal("Your registration code for Demonstration", mail.Message.Subject);
        Assert.Contains($"https://app.example.co/register#username={Uri.EscapeDataString(invitation.Username)}&code={code}&orgId={invitation.OrgId}", mail.Message.TextBody, StringComparison.Ordinal);
        Assert.Equal("Invalid code", (string?)(await InitAsync(service, invitation))["message"]);
        Assert.Equal(43, ((string?)(await InitAsync(service, invitation with { Code = code }))["challenge"])!.Length);
        await service.StopAsync();
        Assert.Equal(["registration_code.sent", "user.registration_failed"], await Tables.Of(database).AuditAsync(invitation.Username));
        Assert.DoesNotContain(service.Output.Lines, line => line.Contains(code, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Logs_in_over_STARTTLS_when_the_authority_of_the_server_is_trusted()
    {
        using var certificate = new ServerCertificate();
        await using var smtp = await SmtpServer.StartAsync(certificate);
        await using var service = await StartAsync(smtp, [.. StartTls, ("SSL_CERT_FILE", certificate.AuthorityFile)]);

        await ResendAsync(service, invitation);
        var mail = await smtp.NextAsync();

        Assert.Equal((true, SmtpServer.User), (mail.Secure, mail.User));
        Assert.Equal(43, ((string?)(await InitAsync(service, invitation with { Code = mail.Code }))["challenge"])!.Length);
        await service.StopAsync();
        Assert.DoesNotContain(service.Output.Lines, line => line.Contains(SmtpServer.Password, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Hands_neither_password_nor_code_to_a_server_whose_authority_is_not_trusted()
    {
        using var certificate = new ServerCertificate();
        await using var smtp = await SmtpServer.StartAsync(certificate);
        await using var service = await StartAsync(smtp, StartTls);

        await ResendAsync(service, invitation);
        await service.Output.LineAsync(line => line.Contains("SslHandshakeException", StringComparison.Ordinal));

        Assert.DoesNotContain(smtp.Output.Lines, line => line.Contains("\"mail\"", StringComparison.Ordinal));
        Assert.Empty(await Tables.Of(database).AuditAsync(invitation.Username));
    }

    [Fact]
    public async Task Hands_no_code_to_a_server_that_offers_no_encryption_where_it_is_demanded_and_lives_on()
    {
        await using var smtp = await SmtpServer.StartAsync();
        await using var service = await StartAsync(smtp, ("Mail:Security", "StartTls"));

        await ResendAsync(service, invitation);
        await service.Output.LineAsync(line => line.Contains("was not delivered", StringComparison.Ordinal));

        Assert.Equal(43, ((string?)(await InitAsync(service, await Seed.In(database).InviteAsync(invitation.OrgId)))["challenge"])!.Length);
        await service.StopAsync();
        Assert.DoesNotContain(smtp.Output.Lines, line => line.Contains("\"mail\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("zoë.müller+reg@example.co")]
    [InlineData("用户@例え.example")]
    public async Task Mails_to_an_address_that_is_not_ASCII(string username)
    {
        var invited = await Seed.In(database).InviteAsync(invitation.OrgId, username);
        await using var smtp = await SmtpServer.StartAsync();
        await using var service = await StartAsync(smtp);

        await ResendAsync(service, invited);
        var mail = await smtp.NextAsync();

        Assert.Equal(username, Assert.Single(mail.To));
        Assert.Contains($"Username:     {username}", mail.Message.TextBody, StringComparison.Ordinal);
        var started = await InitAsync(service, invited with { Code = mail.Code });
        Assert.Equal(username, (string?)started["user"]!["name"]);
    }

    [Fact]
    public async Task Delivers_once_a_server_that_was_away_is_back()
    {
        await using var smtp = await SmtpServer.StartAsync(down: true);
        await using var service = await StartAsync(smtp);

        await ResendAsync(service, invitation);
        await service.Output.LineAsync(line => line.Contains("was not delivered", StringComparison.Ordinal));
        await smtp.GoUpAsync();
        var mail = await smtp.NextAsync();

        Assert.Equal(43, ((string?)(await InitAsync(service, invitation with { Code = mail.Code }))["challenge"])!.Length);
        await service.StopAsync();
        Assert.Equal(["registration_code.sent"], await Tables.Of(database).AuditAsync(invitation.Username));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_an_instance_could_not_mail_the_next_one_does(bool isKilled)
    {
        await using var smtp = await SmtpServer.StartAsync(down: true);
        await using (var service = await StartAsync(smtp))
        {
            await ResendAsync(service, invitation);
            await service.Output.LineAsync(line => line.Contains("was not delivered", StringComparison.Ordinal));
            if (isKilled) service.Kill();
            else await service.StopAsync();
        }

        await smtp.GoUpAsync();
        await using var next = await StartAsync(smtp);

        Assert.Equal(invitation.Username, Assert.Single((await smtp.NextAsync()).To));
        await next.StopAsync();
        Assert.Equal(["registration_code.sent"], await Tables.Of(database).AuditAsync(invitation.Username));
    }

    [Fact]
    public async Task Mails_what_a_server_puts_off_and_tells_what_it_said()
    {
        await using var smtp = await SmtpServer.StartAsync(replies: [(451, $"4.7.1 <{invitation.Username}> Greylisted, try again later")]);
        await using var service = await StartAsync(smtp);

        await ResendAsync(service, invitation);
        var mail = await smtp.NextAsync();

        Assert.Equal(43, ((string?)(await InitAsync(service, invitation with { Code = mail.Code }))["challenge"])!.Length);
        var told = await service.Output.LineAsync(line => line.Contains("was not delivered", StringComparison.Ordinal));
        Assert.Contains("451 4.7.1", told, StringComparison.Ordinal);
        Assert.Contains("Greylisted, try again later", told, StringComparison.Ordinal);
        Assert.DoesNotContain(invitation.Username, told, StringComparison.OrdinalIgnoreCase);
        // Under the name that the line has.
        Assert.Matches("^ob-[a-z0-9-]+@example[.]co$", mail.Message.MessageId);
        Assert.Contains(mail.Message.MessageId!.Split('@')[0], told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gives_up_what_a_server_refuses_and_repeats_no_code_that_it_repeats()
    {
        await using var smtp = await SmtpServer.StartAsync(repeats: true);
        await using var service = await StartAsync(smtp);

        await ResendAsync(service, invitation);
        var told = await service.Output.LineAsync(line => line.Contains("is given up", StringComparison.Ordinal));

        Assert.Contains("554 (it repeats the mail)", told, StringComparison.Ordinal);
        Assert.DoesNotContain("spam", told, StringComparison.Ordinal);
        await service.StopAsync();
        Assert.Empty(await Tables.Of(database).AuditAsync(invitation.Username));
    }

    [Theory]
    [InlineData("auth.example.co", "auth.example.co")]
    [InlineData("[192.0.2.1]", "[192.0.2.1]")]
    [InlineData("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]")]
    [InlineData(null, null)]
    public async Task Makes_itself_known_by_the_name_that_is_set_or_that_a_server_may_take(string? name, string? known)
    {
        await using var smtp = await SmtpServer.StartAsync();
        await using var service = await StartAsync(smtp, ("Mail:EhloName", name));

        await ResendAsync(service, invitation);

        Assert.Equal(known ?? EhloName.OfThisMachine ?? "[127.0.0.1]", (await smtp.NextAsync()).Ehlo, ignoreCase: true);
    }

    [Fact]
    public async Task An_operator_is_told_that_an_invitation_is_put_off_and_a_service_mails_it()
    {
        await using var smtp = await SmtpServer.StartAsync(replies: [(451, "4.7.1 Greylisted"), (550, "5.1.1 No such mailbox")]);
        var settings = ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString).Append(("Mail:Port", $"{smtp.Port}")).Append(("Mail:Security", "None")).ToList();

        Assert.Contains("could not be sent yet (SmtpCommandException 451 4.7.1 Greylisted)", await RefusedAsync("jane@example.co"), StringComparison.Ordinal);
        Assert.Contains("could not be sent (SmtpCommandException 550 5.1.1 No such mailbox)", await RefusedAsync("john@example.co"), StringComparison.Ordinal);
        await using var service = await ServiceProcess.StartAsync("Production", settings);

        Assert.Equal("jane@example.co", Assert.Single((await smtp.NextAsync()).To));
        await service.StopAsync();
        Assert.DoesNotContain(smtp.Output.Lines, line => line.StartsWith("{\"mail\":2", StringComparison.Ordinal));

        async Task<string> RefusedAsync(string username)
        {
            var start = ServiceProcess.StartInfo("Production", "http://127.0.0.1:0", settings);
            foreach (var argument in new[] { "user", "invite", "--org", invitation.OrgId, "--username", username }) start.ArgumentList.Add(argument);
            await using var command = RunningProcess.Start(start);
            Assert.Equal(1, await command.ExitAsync());
            return command.Output.ToString();
        }
    }

    [Fact]
    public async Task An_operator_sets_up_a_new_production_service_and_invites_a_user_who_registers()
    {
        await using var empty = await TestDatabase.SqliteAsync();
        await using var smtp = await SmtpServer.StartAsync();
        var settings = ServiceProcess.ProductionSettings(empty.Provider, empty.ConnectionString).Append(("Mail:Port", $"{smtp.Port}")).Append(("Mail:Security", "None"));
        var run = new OperatorCommand(settings);

        await run.RunAsync("migrate");
        var orgId = (string)(await run.RowAsync("org", "create", "--name", "Example", "--rp-id", "example.co", "--origin", "https://app.example.co"))["id"]!;
        await run.RowAsync("user", "invite", "--org", orgId, "--username", "jane@example.co");
        var mail = await smtp.NextAsync();
        await using var service = await ServiceProcess.StartAsync("Production", settings);
        var session = await service.OpenAsync(new Invitation(orgId, "jane@example.co", mail.Code));
        var passkey = new SoftwareAuthenticator().Create(session.Challenge, "example.co", "https://app.example.co").ToJson();
        var answer = await service.CompleteAsync(session, new JsonObject { ["firstFactorCredential"] = passkey });

        Assert.True(answer.Status == 200, answer.Body.ToJsonString());
        Assert.Equal("jane@example.co", Assert.Single(mail.To));
        Assert.Equal("Fido2", Assert.Single(await Tables.Of(empty).CredentialsAsync("jane@example.co")).Text("kind"));
        await service.StopAsync();
    }

    // The authority of the test publishes no revocation list, as private ones often do not.
    private static (string Key, string? Value)[] StartTls =>
    [
        ("Mail:Host", "localhost"), ("Mail:Security", "StartTls"), ("Mail:CheckRevocation", "false"), ("Mail:Username", SmtpServer.User),
        ("Mail:Password", SmtpServer.Password),
    ];

    private Task<ServiceProcess> StartAsync(SmtpServer smtp, params (string Key, string? Value)[] settings) =>
        ServiceProcess.StartProductionAsync(
            database.Provider, database.ConnectionString, [("Mail:Port", $"{smtp.Port}"), ("Mail:Security", "None"), .. settings]);

    private static async Task ResendAsync(ServiceProcess service, Invitation to)
    {
        using var answer = await service.Http.PutAsync(new Uri("/auth/registration/code", UriKind.Relative), Wire.Json(new { username = to.Username, orgId = to.OrgId }));
        Assert.Equal("""{"message":"success"}""", await answer.Content.ReadAsStringAsync());
    }

    private static async Task<JsonNode> InitAsync(ServiceProcess service, Invitation invited) => (await service.InitAsync(invited)).Body;
}
