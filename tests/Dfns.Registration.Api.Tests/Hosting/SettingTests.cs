using Dfns.Registration.Api.CommandLine;
using Dfns.Registration.Api.Hosting;
using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Tests.Hosting;

/// <summary>
/// What settings may say, over every setting there is: each section's options are read, so that a new setting is among them without being
/// added. A start of the service and every command ask the same <see cref="SettingsSection.SettingFaults"/>.
/// </summary>
public sealed class SettingTests
{
    public static TheoryData<string> Times => [.. Keys(type => type == typeof(TimeSpan))];

    public static TheoryData<string> Words => [.. Keys(type => type.IsEnum)];

    public static TheoryData<string> Numbers => [.. Keys(type => type == typeof(int))];

    public static TheoryData<string> Switches => [.. Keys(type => type == typeof(bool))];

    public static TheoryData<string> Texts => [.. BoundSection.All.SelectMany(s => s.Keys.Except(s.Secrets).Where(k => k.PropertyType == typeof(string)).Select(s.Path))];

    public static TheoryData<string> Secrets => [.. BoundSection.All.SelectMany(s => s.Secrets.Select(s.Path))];

    public static TheoryData<string> Sections => [.. BoundSection.All.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Times))]
    public async Task A_time_that_is_no_time_of_day_is_refused(string key)
    {
        // What the binder makes of them: 30 days, 24 days, ten hours, ninety days, and a fault of its own.
        foreach (var text in new[] { "30", "24:00:00", "10:00", "90.", "1.5", "0", "15m", "00:75:00" })
        {
            Assert.StartsWith($"{key} must be a time as [days.]hours:minutes:seconds", Assert.Single(await FaultsAsync((key, text))), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Words))]
    public async Task A_word_that_is_none_of_a_closed_list_is_refused(string key)
    {
        foreach (var text in new[] { "0", "1", "99", "Perhaps", "Log,Smtp" }) Assert.StartsWith($"{key} must be one of ", Assert.Single(await FaultsAsync((key, text))), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task A_number_that_is_no_number_in_digits_is_refused(string key)
    {
        foreach (var text in new[] { "0x10", "1e3", "1,000", "many" }) Assert.StartsWith($"{key} must be a number in digits", Assert.Single(await FaultsAsync((key, text))), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Switches))]
    public async Task A_switch_that_is_neither_on_nor_off_is_refused(string key)
    {
        foreach (var text in new[] { "yes", "1", "on" }) Assert.StartsWith($"{key} must be true or false", Assert.Single(await FaultsAsync((key, text))), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task A_text_with_a_blank_at_its_end_or_a_control_character_is_refused(string key)
    {
        foreach (var text in new[] { "a ", "\ta", "a\u001b[31m" }) Assert.Equal($"{key} must not begin or end with a blank, nor hold a control character.", Assert.Single(await FaultsAsync((key, text))));
    }

    [Theory]
    [MemberData(nameof(Sections))]
    public async Task A_mistyped_section_or_key_is_refused_with_what_was_meant(string section)
    {
        var key = BoundSection.Find(section)!.Keys[0].Name;

        Assert.Equal($"There is no section '{section}s' in the settings; did you mean '{section}'?", Assert.Single(await FaultsAsync(($"{section}s:{key}", "1"))));
        Assert.Equal($"There is no setting '{section}:{key}x'; did you mean '{key}'?", Assert.Single(await FaultsAsync(($"{section}:{key}x", "1"))));
        Assert.StartsWith($"There is no setting '{section}:Nonsense'; use one of ", Assert.Single(await FaultsAsync(($"{section}:Nonsense", "1"))), StringComparison.Ordinal);
    }

    // Compose writes a variable that is not set so.
    [Theory]
    [MemberData(nameof(Sections))]
    public async Task What_is_empty_and_no_text_is_refused_in_a_sentence(string section)
    {
        var bound = BoundSection.Find(section)!;
        foreach (var key in bound.Keys.Where(key => key.PropertyType != typeof(string) && !BoundSection.IsList(key)))
            Assert.Equal($"{bound.Path(key)} is empty; leave it out, or give it a value.", Assert.Single(await FaultsAsync((bound.Path(key), ""))));
    }

    [Theory]
    [InlineData("Kestral__Endpoints__H__Url", "Kestrel__Endpoints__H__Url")]
    [InlineData("Serlog__MinimumLevel__Default", "Serilog__MinimumLevel__Default")]
    [InlineData("AllowedHost", "AllowedHosts")]
    [InlineData("ASPNETCORE_URL", "ASPNETCORE_URLS")]
    [InlineData("DOTNET_ENVIROMENT", "DOTNET_ENVIRONMENT")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOIN", "OTEL_EXPORTER_OTLP_ENDPOINT")]
    [InlineData("OTEL_SERVICENAME", "OTEL_SERVICE_NAME")]
    public void A_mistyped_variable_of_the_host_or_a_library_is_refused(string name, string meant) =>
        Assert.Equal($"There is no environment variable '{name}' that sets anything; did you mean '{meant}'?", Assert.Single(EnvironmentNames.Faults([name])));

    [Theory]
    [InlineData("PATH", "HOME", "URL", "HTTP_PORT", "HOSTNAME", "ENVIRONMENT")]
    [InlineData("ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "ASPNETCORE_ENVIRONMENT", "DOTNET_RUNNING_IN_CONTAINER", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "DOTNET_gcServer", "ASPNET_VERSION")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SERVICE_NAME", "OTEL_BSP_MAX_QUEUE_SIZE")]
    [InlineData("Kestrel__Endpoints__Http__Url", "Serilog__MinimumLevel__Default", "Mail__Host", "npm_config__cache")]
    public void What_others_read_of_the_environment_is_theirs(params string[] names) => Assert.Empty(EnvironmentNames.Faults(names));

    // The binder passes over what stands below a value, and over one text in a list's place.
    [Theory]
    [MemberData(nameof(Sections))]
    public async Task What_stands_below_a_value_or_in_place_of_a_list_is_refused(string section)
    {
        var bound = BoundSection.Find(section)!;
        foreach (var key in bound.Keys)
        {
            var path = bound.Path(key);
            foreach (var below in BoundSection.IsList(key) ? ["first", "-1", "0:1"] : new[] { "0", "value", "0:1" })
            {
                Assert.Contains((await FaultsAsync(($"{path}:{below}", "1"))), fault => fault.StartsWith($"There is no setting '{path}:{below}'; '{path}' holds ", StringComparison.Ordinal));
                Assert.Contains($"there is no setting '--{path}:{below}'", ServiceArguments.Fault([$"--{path}:{below}=1"], []), StringComparison.Ordinal);
            }

            if (BoundSection.IsList(key))
                Assert.Equal($"{path} holds a list, write its first as '{path}:0' (in the environment {section}__{key.Name}__0), such as '10.0.0.0/8'.", Assert.Single(await FaultsAsync((path, "10.0.0.0/8, 192.0.2.0/24"))));
        }
    }

    // In the environment a colon is two underscores, and anything else sets nothing.
    [Theory]
    [MemberData(nameof(Sections))]
    public async Task A_setting_that_is_joined_otherwise_is_refused_with_how_it_is_written(string section)
    {
        foreach (var key in BoundSection.Find(section)!.Keys.Where(k => k.PropertyType != typeof(List<string>)).Select(k => k.Name))
        {
            // Whoever has set it has not forgotten it.
            if ((await FaultsAsync(($"{section}:{key}", null))).Count > 0 || Service.Settings(await TestDatabase.SqliteAsync()).ContainsKey($"{section}:{key}")) continue;
            foreach (var joint in new[] { "_", ".", "-", "" })
            {
                foreach (var written in new[] { $"{section}{joint}{key}", $"{section}{joint}{key}".ToUpperInvariant() })
                {
                    Assert.Equal($"There is no setting '{written}'; an environment variable is written '{section}__{key}', in a file or on the command line it is '{section}:{key}'.", Assert.Single(await FaultsAsync((written, "1"))));
                }
            }
        }
    }

    // What only the web server reads, too: a command would pass what ends the next start.
    [Fact]
    public void Every_section_is_held_to_its_rules_by_commands_too()
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
        builder.AddService();

        foreach (var section in BoundSection.All)
        {
            Assert.True(builder.Services.Any(service => service.ServiceType == typeof(IConfigureOptions<>).MakeGenericType(section.Options)), section.Name);
        }
    }

    [Theory]
    [InlineData("Mail:Username", "service", "Mail:Username and Mail:Password are for one another")]
    [InlineData("Mail:Password", "secret", "Mail:Username and Mail:Password are for one another")]
    [InlineData("Mail:Security", "StartTlsWhenAvailable", "Mail:Security must be one of StartTls, SslOnConnect, None")]
    [InlineData("Mail:Link", "http://app.example.co/#{code}", "Mail:Link must begin with 'https://'")]
    [InlineData("Trust:MetadataRoots", "roots.pem", "Trust:MetadataRoots has no effect without a Trust:MetadataSource")]
    [InlineData("Network:TrustedProxies:0", "0.0.0.0/0", "Network:TrustedProxies must hold addresses or networks of proxies, not of everybody")]
    [InlineData("Network:TrustedProxies:0", "::/0", "Network:TrustedProxies must hold addresses")]
    [InlineData("Network:TrustedProxies:0", "0.0.0.0/1", "Network:TrustedProxies must hold addresses")]
    [InlineData("Network:TrustedProxies:0", "128.0.0.0/7", "Network:TrustedProxies must hold addresses")]
    [InlineData("Network:TrustedProxies:0", "::ffff:0:0/96", "Network:TrustedProxies must hold addresses")]
    [InlineData("Network:TrustedProxies:0", "2000::/3", "Network:TrustedProxies must hold addresses")]
    [InlineData("Network:TrustedProxies:0", "127.9.9.9/8", "Network:TrustedProxies must hold addresses")]
    [InlineData("Network:TrustedProxies:0", "2001:db8::1/32", "Network:TrustedProxies must hold addresses")]
    [InlineData("Network:MaxConnections", "1", "Network:MaxConnections must be from 10 to 1000000, such as 10000.")]
    [InlineData("Database:Migrate", "", "Database:Migrate is empty; leave it out, or give it a value.")]
    [InlineData("AllowedHosts", "auth.example.co, other.example.co", "AllowedHosts must be names of hosts with ';' between them")]
    [InlineData("AllowedHosts", "https://auth.example.co", "AllowedHosts must be names of hosts")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "bad", "OTEL_EXPORTER_OTLP_HEADERS must be names with values")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "=bad", "OTEL_EXPORTER_OTLP_TRACES_HEADERS must be names with values")]
    [InlineData("Secrets:MasterKey", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "Secrets:MasterKey must be 32 random bytes")]
    [InlineData("Network:TrustedProxies:0", "10", "Network:TrustedProxies must hold addresses")]
    [InlineData("Network:TrustedProxies:0", "10.1", "Network:TrustedProxies must hold addresses")]
    [InlineData("Registration:InvitationLifetime", "00:59:59", "Registration:InvitationLifetime must be at least one hour and at most 90 days")]
    [InlineData("Registration:InvitationLifetime", "90.00:00:01", "Registration:InvitationLifetime must be at least one hour and at most 90 days")]
    [InlineData("Network:MaxConnections", "0", "Network:MaxConnections must be from 10")]
    [InlineData("RateLimits:RequestsAtOnce", "9", "RateLimits:RequestsAtOnce must be from 10")]
    [InlineData("urls", "http://loclhost:5183", "'loclhost' is neither an IP address nor 'localhost'")]
    [InlineData("urls", "http://127.0.0.l:5183", "'127.0.0.l' is neither an IP address nor 'localhost'")]
    [InlineData("urls", "http://127.1:5183", "'127.1' is neither an IP address nor 'localhost'")]
    [InlineData("urls", "http://[::1:5183", "is neither an IP address nor 'localhost'")]
    [InlineData("urls", "http://localhost:508l", "'508l' is no port from 0 to 65535")]
    [InlineData("urls", "localhost", "'localhost' is no address to listen at: it begins with 'http://' or 'https://'")]
    [InlineData("urls", "http://localhost:", "'' is no port from 0 to 65535")]
    [InlineData("urls", "http://localhost:518300", "'518300' is no port from 0 to 65535")]
    [InlineData("urls", "http://localhost:5081;htp://localhost:5082", "'htp://localhost:5082' is no address to listen at")]
    [InlineData("http_ports", "808O", "'808O' is no port from 0 to 65535")]
    [InlineData("https_ports", "abc", "'abc' is no port from 0 to 65535")]
    [InlineData("Kestrel:Endpoints:Http:Url", "http://api.example.co:5190", "'api.example.co' is neither an IP address nor 'localhost'")]
    [InlineData("Kestrel:Endpoint:Http:Url", "http://127.0.0.1:5190", "There is no setting 'Kestrel:Endpoint'; did you mean 'Endpoints'?")]
    [InlineData("Kestrel:Limits:MaxConcurrentConnections", "1", "There is no setting 'Kestrel:Limits'")]
    [InlineData("Kestrel:EndpointDefaults:Protocols", "Http4", "Kestrel:EndpointDefaults:Protocols must be one of Http1, Http2")]
    [InlineData("Kestrel:EndpointDefaults:Protokols", "Http1", "There is no setting 'Kestrel:EndpointDefaults:Protokols'; did you mean 'Protocols'?")]
    [InlineData("Serilog:MinimumLevl", "Debug", "There is no setting 'Serilog:MinimumLevl'; did you mean 'MinimumLevel'?")]
    [InlineData("Serilog:MinimumLevel", "Debgu", "Serilog:MinimumLevel must be one of Verbose, Debug")]
    [InlineData("Serilog:MinimumLevel:Default", "Debgu", "Serilog:MinimumLevel:Default must be one of Verbose, Debug")]
    [InlineData("Serilog:MinimumLevel:Defualt", "Debug", "There is no setting 'Serilog:MinimumLevel:Defualt'; did you mean 'Default'?")]
    [InlineData("Serilog:MinimumLevel:Override:Microsoft", "Warn", "Serilog:MinimumLevel:Override:Microsoft must be one of Verbose, Debug")]
    [InlineData("Serilog:WriteTo:0:Name", "Consle", "Serilog:WriteTo:0:Name must be one of Console")]
    [InlineData("Logging:LogLevel:Default", "Debug", "The section 'Logging' sets nothing here; levels are set with 'Serilog:MinimumLevel:Default'")]
    [InlineData("Serilog:WriteTo:0:Arguments:path", "a.log", "There is no setting 'Serilog:WriteTo:0:Arguments'")]
    [InlineData("Serilog:Enrich:0:Nmae", "FromLogContext", "There is no setting 'Serilog:Enrich:0:Nmae'; did you mean 'Name'?")]
    [InlineData("Kestrel:Certificates:Default:Pth", "a.pfx", "There is no setting 'Kestrel:Certificates:Default:Pth'; did you mean 'Path'?")]
    [InlineData("Kestrel:Endpoints:Https:Certificate:Pasword", "a", "There is no setting 'Kestrel:Endpoints:Https:Certificate:Pasword'; did you mean 'Password'?")]
    [InlineData("Kestrel:Endpoints:Https:Sni:a.example.co:SslProtocol", "Tls13", "There is no setting 'Kestrel:Endpoints:Https:Sni:a.example.co:SslProtocol'; did you mean 'SslProtocols'?")]
    [InlineData("Kestrel:Endpoints:Https:Sni:a.example.co:Certificate:Fil", "a.pfx", "There is no setting 'Kestrel:Endpoints:Https:Sni:a.example.co:Certificate:Fil'")]
    [InlineData("shutdownTimeoutSeconds", "abc", "shutdownTimeoutSeconds must be a number of seconds in digits")]
    [InlineData("shutdownTimeoutSeconds", "-1", "shutdownTimeoutSeconds must be a number of seconds in digits")]
    [InlineData("startupTimeoutSeconds", "00:01:00", "startupTimeoutSeconds must be a number of seconds in digits")]
    [InlineData("preferHostingUrls", "yes", "preferHostingUrls must be true or false")]
    [InlineData("ForwardedHeaders_Enabled", "true", "Name your proxies in Network:TrustedProxies")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "OTEL_EXPORTER_OTLP_ENDPOINT must be an address")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be an address")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http", "OTEL_EXPORTER_OTLP_PROTOCOL must be one of grpc, http/protobuf")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL must be one of grpc, http/protobuf")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "OTEL_EXPORTER_OTLP_TIMEOUT must be a number of milliseconds")]
    [InlineData("Trust:RootsDirectory", "", "Trust:RootsDirectory must be a directory whose .pem files hold certificates")]
    [InlineData("Trust:RootsDirectory", "/proc/self/fdinfo", "Trust:RootsDirectory must be a directory whose .pem files hold certificates")]
    [InlineData("Database:ConnectionString", "Data Source=registration.db", "Database:ConnectionString must name a file by its whole path")]
    [InlineData("Database:ConnectionString", "Data Source=data/registration.db;Cache=Shared", "Database:ConnectionString must name a file by its whole path")]
    [InlineData("Database:ConnectionString", "Data Source=file:registration.db?cache=shared", "Database:ConnectionString must name a file by its whole path")]
    [InlineData("Database:ConnectionString", "Data Source=:memory:", "Database:ConnectionString must name a file by its whole path")]
    [InlineData("Database:ConnectionString", "Data Source=/tmp/a;Mode=Memory;Cache=Shared", "Database:ConnectionString must name a file by its whole path")]
    [InlineData("Database:ConnectionString", "Data Source=file:/tmp/a?mode=memory", "Database:ConnectionString must name a file by its whole path")]
    [InlineData("Database:ConnectionString", "Mode=ReadWriteCreate", "Database:ConnectionString must name a file by its whole path")]
    [InlineData("Network_TrustedProxies_0", "10.0.0.1", "an environment variable is written 'Network__TrustedProxies__0'")]
    [InlineData("Mail:Link", "ftp://app.example.co/{code}", "Mail:Link must be the address of a page")]
    [InlineData("Mail:Link", "app.example.co/?c={code}", "Mail:Link must be the address of a page")]
    [InlineData("Tokens:Issuer", "https://jane:secret@auth.example.co", "Tokens:Issuer must be the public https address")]
    [InlineData("Tokens:Issuer", "https://auth.example.co/?a=b", "Tokens:Issuer must be the public https address")]
    [InlineData("Tokens:Issuer", "https://auth.example.co/#", "Tokens:Issuer must be the public https address")]
    [InlineData("Housekeeping:KeepSignedActions", "1.00:00:00", "Housekeeping:KeepSignedActions must be at least 30 days")]
    [InlineData("Housekeeping:KeepAuditEvents", "1.00:00:00", "Housekeeping:KeepAuditEvents must be at least 30 days")]
    [InlineData("Housekeeping:Interval", "00:00:00", "Housekeeping:Interval must be from one second to one day")]
    [InlineData("Housekeeping:Interval", "1.00:00:01", "Housekeeping:Interval must be from one second to one day")]
    public async Task A_setting_that_looks_safe_and_is_not_is_refused_with_the_reason(string key, string value, string told) =>
        Assert.Contains(told, Assert.Single(await FaultsAsync((key, value))), StringComparison.Ordinal);

    [Theory]
    [InlineData("urls", "http://localhost:5081;https://*:0;http://+:8080/;http://[::1]:5082;http://0.0.0.0;http://unix:/run/registration.sock")]
    [InlineData("http_ports", "8080;8081")]
    [InlineData("Kestrel:Endpoints:Http:Url", "http://127.0.0.1:5190")]
    [InlineData("Kestrel:Endpoints:Http:Sni:example.co:Certificate:Path", "a.pfx")]
    [InlineData("Kestrel:Certificates:Default:Path", "a.pfx")]
    [InlineData("Serilog:MinimumLevel", "debug")]
    [InlineData("Serilog:MinimumLevel:Override:System.Net.Http", "$switch")]
    [InlineData("Serilog:WriteTo:0:Name", "File")]
    [InlineData("Serilog:Properties:Application", "Registration")]
    [InlineData("Serilog:Enrich:0", "FromLogContext")]
    [InlineData("Serilog:WriteTo:0", "Console")]
    [InlineData("Kestrel:Endpoints:Https:Certificate:KeyPath", "a.key")]
    [InlineData("shutdownTimeoutSeconds", "90")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")]
    [InlineData("Database:ConnectionString", "Data Source=file:/tmp/registration.db?cache=shared")]
    public async Task A_setting_of_the_web_server_or_of_the_log_is_taken(string key, string value) => Assert.Empty(await FaultsAsync((key, value)));

    [Theory]
    [InlineData("Recvery", "There is no section 'Recvery' in the settings; did you mean 'Recovery'?")]
    [InlineData("Sessions", "There is no setting 'Sessions', which stands in a file; use one of ")]
    [InlineData("shutdownTimeout", "There is no setting 'shutdownTimeout', which stands in a file; use one of ")]
    public async Task What_is_nobodys_in_a_file_of_settings_is_refused(string key, string told)
    {
        using var folder = new Folder();
        var file = folder.Write("appsettings.json", key == "shutdownTimeout" ? $$"""{"{{key}}":"30"}""" : $$"""{"{{key}}":{"Lifetime":"00:30:00"},"$schema":"a","AllowedHosts":"*"}""");

        Assert.StartsWith(told, Assert.Single(await FaultsAsync([], file)), StringComparison.Ordinal);
    }

    // A trial that must know its codes beforehand, as a measurement does.
    [Theory]
    [InlineData("https://auth.example.org", true)]
    [InlineData("https://auth.example", true)]
    [InlineData("https://auth.TEST", true)]
    [InlineData("https://auth.myexample.org", false)]
    [InlineData("https://example.org.co", false)]
    [InlineData("https://auth.example.co", false)]
    public async Task A_master_key_that_everybody_knows_is_taken_where_the_issuer_is_nobodys(string issuer, bool taken) =>
        Assert.Equal(taken, (await FaultsAsync(("Secrets:MasterKey", Convert.ToBase64String(new byte[32])), ("Tokens:Issuer", issuer))).Count == 0);

    // Codes are as good as passwords.
    [Fact]
    public async Task A_code_does_not_leave_the_machine_in_the_clear()
    {
        Assert.Empty(await FaultsAsync(("Mail:Security", "None")));
        Assert.StartsWith("Mail:Security must not be 'None' for another machine", Assert.Single(await FaultsAsync(("Mail:Security", "None"), ("Mail:Host", "smtp.example.co"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_does_not_leave_the_machine_in_the_clear()
    {
        (string, string?)[] login = [("Mail:Username", "service"), ("Mail:Password", "secret"), ("Mail:Security", "None")];

        Assert.Empty(await FaultsAsync(login));
        Assert.StartsWith("Mail:Security must not be 'None' with a Mail:Password for another machine", Assert.Single(await FaultsAsync([.. login, ("Mail:Host", "smtp.example.co")])), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Secrets))]
    public async Task A_secret_may_come_from_a_file_and_from_there_alone(string key)
    {
        using var folder = new Folder();
        var settings = Service.Settings(await TestDatabase.SqliteAsync());
        var value = settings.GetValueOrDefault(key, "a password");
        var file = folder.Write("secret", value + "\n");
        List<(string Key, string? Value)> others = key == "Mail:Password" ? [("Mail:Username", "service")] : [];

        Assert.Empty(await FaultsAsync([(key, null), (key + "File", file), .. others]));
        Assert.Equal($"Set either {key} or {key}File, not both.", Assert.Single(await FaultsAsync([(key, value), (key + "File", file), .. others])));
        Assert.Contains(await FaultsAsync([(key, null), (key + "File", file + "x"), .. others]), f => f.StartsWith($"{key}File must name a file that the service can read", StringComparison.Ordinal));
        Assert.Contains(await FaultsAsync([(key, null), (key + "File", folder.Write("empty", "\n")), .. others]), f => f.StartsWith($"{key}File must name a file", StringComparison.Ordinal));
    }

    [Fact]
    public void Whatever_sounds_like_a_secret_is_marked_as_one()
    {
        string[] sounds = ["Password", "Key", "Secret", "ConnectionString"];

        foreach (var section in BoundSection.All)
        {
            Assert.Equal(section.Keys.Where(k => sounds.Any(s => k.Name.EndsWith(s, StringComparison.Ordinal))).Select(section.Path), section.Secrets.Select(section.Path));
        }
    }

    [Theory]
    [MemberData(nameof(Secrets))]
    public async Task A_secret_on_the_command_line_is_refused_and_not_repeated(string key)
    {
        var value = key == "Database:ConnectionString" ? "Host=db;Username=a;Password=pa55phrase" : "pa55phrase";
        string[][] ways =
        [
            [$"--{key}={value}"], [$"--{key}", value], [$"/{key}={value}"], [$"{key}={value}"], [$"--{key.ToUpperInvariant()}={value}"],
            [$"--{key.Replace(":", "__", StringComparison.Ordinal)}={value}"], ["--urls=http://localhost:5081", $"--{key}={value}"], ["org", "list", $"--{key}={value}"], ["org", "list", $"--{key}", value],
        ];

        foreach (var way in ways)
        {
            var told = ServiceArguments.SecretFault(way);

            Assert.StartsWith($"{key} is a secret, and every user of this machine can read a command line: set the environment variable {key.Replace(":", "__", StringComparison.Ordinal)}, or name a file", told, StringComparison.Ordinal);
            Assert.DoesNotContain("pa55", told, StringComparison.Ordinal);
        }

        var run = await ServiceProgram.RunAsync(ways[0]);
        Assert.Equal((1, ServiceArguments.SecretFault(ways[0])), (run.ExitCode, run.Everything.Trim()));
    }

    [Theory]
    [InlineData("--Kestrel:Certificates:Default:Password=pa55phrase")]
    [InlineData("--Kestrel:Endpoints:Https:Certificate:Password=pa55phrase")]
    [InlineData("--OTEL_EXPORTER_OTLP_HEADERS=authorization=pa55phrase")]
    public void A_secret_of_the_web_server_or_of_a_library_is_refused_there_too(string argument) =>
        Assert.Contains("is a secret", ServiceArguments.SecretFault([argument]), StringComparison.Ordinal);

    [Theory]
    [InlineData("--Database:ConnectionString=Data Source=registration.db")]
    [InlineData("--Database:ConnectionString=Host=db;Database=registration;Username=registration")]
    [InlineData("--Secrets:MasterKeyFile=/run/secrets/master-key")]
    [InlineData("--urls=http://localhost:5081")]
    [InlineData("--urls http://localhost:5081 --environment Production")]
    [InlineData("--Registration:CodeLifetime=01:00:00 --Network:TrustedProxies:0=10.0.0.0/8 --Serilog:MinimumLevel:Default=Debug")]
    public void A_setting_that_is_none_may_stand_on_the_command_line(string arguments)
    {
        string[] args = arguments.Contains("Data Source", StringComparison.Ordinal) ? [arguments] : arguments.Split(' ');

        Assert.Null(ServiceArguments.SecretFault(args));
        Assert.Null(ServiceArguments.Fault(args, []));
        Assert.False(OperatorCommandLine.IsAsked(args));
    }

    [Fact]
    public void Every_setting_may_be_given_on_the_command_line_and_none_that_is_mistyped()
    {
        foreach (var key in BoundSection.All.SelectMany(s => s.Keys.Select(s.Path)).Append("urls").Append("environment"))
        {
            Assert.Null(ServiceArguments.Fault([$"--{key}=1"], []));
            Assert.Equal($"Nothing was started: there is no setting '--{key}x'; did you mean '--{key}'?", ServiceArguments.Fault([$"--{key}x=1"], []));
            Assert.Contains("has no value", ServiceArguments.Fault([$"--{key}"], []), StringComparison.Ordinal);
            Assert.True(OperatorCommandLine.IsAsked([$"--{key}x", "1"]));
        }
    }

    [Theory]
    [InlineData("--org or-a", "there is no setting '--org'")]
    [InlineData("--jsn", "there is no setting '--jsn'")]
    [InlineData("--json", "Nothing was done: name what to do; use one of org, ")]
    [InlineData("-p 5081", "an argument begins with one dash")]
    [InlineData("-urls http://127.0.0.1:5402", "an argument begins with one dash")]
    [InlineData("-urls=http://127.0.0.1:5402", "an argument begins with one dash")]
    [InlineData("-Database:Migrate false", "an argument begins with one dash")]
    [InlineData("--Database:Migrate false -urls=http://127.0.0.1:5402", "an argument begins with one dash")]
    [InlineData("--port 5081", "there is no setting '--port'")]
    [InlineData("--urls http://localhost:5081 org list", "The command 'org' must come first")]
    [InlineData("--urls=http://localhost:5081 --Registation:CodeLifetime=01:00:00", "did you mean '--Registration:CodeLifetime'?")]
    [InlineData("-- org list", "an argument is neither a command nor a setting")]
    [InlineData("orgg list", "There is no 'orgg' here; did you mean 'org'?")]
    [InlineData("migrat", "There is no 'migrat' here; did you mean 'migrate'?")]
    [InlineData("org lst", "There is no 'lst' here; did you mean 'list'?")]
    [InlineData("org list --jsn", "There is no '--jsn' here; did you mean '--json'?")]
    [InlineData("user invite --org or-a --usrname jane", "There is no '--usrname' here; did you mean '--username'?")]
    [InlineData("migrate --Registration:CodeLifetime=01:00:00", "'--Registration:CodeLifetime' is a setting")]
    public async Task What_is_mistyped_starts_nothing_and_is_told_with_what_was_meant(string arguments, string told)
    {
        // All that a start needs: had the arguments been taken for settings, the service would run now, and the test would not end.
        await using var database = await TestDatabase.SqliteAsync();

        var run = await ServiceProgram.OperateAsync(database, arguments.Split(' '));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(told, run.Faults, StringComparison.Ordinal);
        Assert.DoesNotContain("Now listening", run.Everything, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Everything, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Mail:Security", "Maybe")]
    [InlineData("SignIn:SessionLifetime", "30")]
    [InlineData("Trust:RefreshInterval", "00:00:01")]
    public async Task A_command_and_a_start_tell_the_same(string key, string value)
    {
        await using var database = await TestDatabase.SqliteAsync();
        var settings = Service.Settings(database).Select(s => (s.Key, s.Value)).Append((key, value)).ToList();

        var (command, start) = (await ServiceProgram.RunAsync(["org", "list"], settings), await ServiceProgram.StartAsync(settings));

        Assert.Equal((1, 1), (command.ExitCode, start.ExitCode));
        Assert.StartsWith(key, command.Faults, StringComparison.Ordinal);
        Assert.Contains($"  - {command.Faults.Trim()}", start.Faults, StringComparison.Ordinal);
    }

    [Fact]
    public void A_data_directory_is_its_owners_alone_even_one_that_was_there()
    {
        if (OperatingSystem.IsWindows()) return;
        using var folder = new Folder();
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = folder.Path });
        var directory = Path.Combine(folder.Path, "data");
        const UnixFileMode alone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

        builder.DataFile("a");
        Assert.Equal(alone, File.GetUnixFileMode(directory));

        File.SetUnixFileMode(directory, alone | UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        builder.DataFile("a");
        Assert.Equal(alone, File.GetUnixFileMode(directory));
    }

    private static IEnumerable<string> Keys(Func<Type, bool> wanted) =>
        BoundSection.All.SelectMany(s => s.Keys.Where(k => wanted(Nullable.GetUnderlyingType(k.PropertyType) ?? k.PropertyType)).Select(s.Path));

    // As a start and as a command ask: what they say otherwise is in order.
    private static Task<IReadOnlyList<string>> FaultsAsync(params IEnumerable<(string Key, string? Value)> changes) => FaultsAsync(changes, file: null);

    private static async Task<IReadOnlyList<string>> FaultsAsync(IEnumerable<(string Key, string? Value)> changes, string? file)
    {
        await using var database = await TestDatabase.SqliteAsync();
        var settings = Service.Settings(database).ToDictionary(s => s.Key, s => (string?)s.Value, StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in changes) settings[key] = value;
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(settings.Where(s => s.Value is not null));
        if (file is not null) builder.Configuration.AddJsonFile(file);
        builder.AddService();
        await using var app = builder.Build();
        return app.SettingFaults();
    }

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory().FullName;

        public string Write(string name, string text)
        {
            var file = System.IO.Path.Combine(Path, name);
            File.WriteAllText(file, text);
            return file;
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
