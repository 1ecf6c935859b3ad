using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.TestKit;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.OpenApi;

/// <summary>The OpenAPI document, as an integrator's tools read it.</summary>
[Trait("Speed", "quick")]
public sealed class OpenApiDocumentTests(ServiceFixture.Sqlite fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task Lists_every_code_that_each_endpoint_can_answer()
    {
        var document = await DocumentAsync();

        foreach (var endpoint in Service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
        {
            foreach (var error in endpoint.Metadata.OfType<ErrorsMetadata>().SelectMany(m => m.Errors))
            {
                var method = endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Single();
                var response = document["paths"]![endpoint.RoutePattern.RawText!]![method.ToLowerInvariant()]!["responses"]![$"{error.Status}"];
                Assert.Contains($"`{error.Code}`", (string?)response!["description"], StringComparison.Ordinal);
                Assert.Equal(error.Message, (string?)response["content"]!["application/json"]!["examples"]![error.Code]!["value"]!["error"]!["message"]);
            }
        }
    }

    [Fact]
    public async Task Sums_each_endpoint_up_in_the_words_given_to_it()
    {
        var document = await DocumentAsync();

        foreach (var endpoint in Service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
        {
            if (document["paths"]![endpoint.RoutePattern.RawText!] is not { } path) continue;
            var method = endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Single();
            Assert.Equal(endpoint.Metadata.GetRequiredMetadata<IEndpointSummaryMetadata>().Summary, (string?)path[method.ToLowerInvariant()]!["summary"]);
        }
    }

    [Fact]
    public async Task Declares_the_bearer_scheme_on_the_completion_alone()
    {
        var document = await DocumentAsync();

        Assert.Equal("bearer", (string?)document["components"]!["securitySchemes"]!["bearer"]!["scheme"]);
        Assert.NotNull(document["paths"]!["/auth/registration"]!["post"]!["security"]);
        Assert.Null(document["paths"]!["/auth/registration/init"]!["post"]!["security"]);
    }

    [Theory]
    [InlineData("firstFactorCredential", "Fido2,Key,PasswordProtectedKey")]
    [InlineData("secondFactorCredential", "Fido2,Key,PasswordProtectedKey")]
    [InlineData("recoveryCredential", "RecoveryKey")]
    public async Task Tells_the_credentials_of_a_slot_apart_by_their_kind(string slot, string kinds)
    {
        var document = await DocumentAsync();

        var schema = document["components"]!["schemas"]!["RegistrationRequest"]!["properties"]![slot]!;

        Assert.Equal("credentialKind", (string?)schema["discriminator"]!["propertyName"]);
        Assert.Equal(kinds.Split(','), schema["discriminator"]!["mapping"]!.AsObject().Select(m => m.Key));
        foreach (var reference in schema["oneOf"]!.AsArray().Select(o => (string)o!["$ref"]!))
        {
            Assert.NotNull(document["components"]!["schemas"]![reference.Split('/')[^1]]!["properties"]!["credentialKind"]!["enum"]);
        }
    }

    [Fact]
    public async Task Refers_to_no_schema_that_is_not_there()
    {
        var document = await DocumentAsync();
        var references = document.ToJsonString().Split("#/components/schemas/")[1..].Select(rest => rest[..rest.IndexOf('"', StringComparison.Ordinal)]).Distinct();

        Assert.All(references, r => Assert.NotNull(document["components"]!["schemas"]![r]));
    }

    [Fact]
    public async Task Shows_examples_of_every_kind_that_pass_every_check_but_the_token()
    {
        var examples = (await DocumentAsync())["paths"]!["/auth/registration"]!["post"]!["requestBody"]!["content"]!["application/json"]!["examples"]!.AsObject();
        var organisation = await Service.NewOrganisationAsync();
        var kinds = new HashSet<string>(StringComparer.Ordinal);

        foreach (var (_, example) in examples)
        {
            var challenge = await (await Service.InviteAsync(organisation, $"user-{kinds.Count}-{example!.GetPath().GetHashCode(StringComparison.Ordinal)}@example.co")).InitAsync();
            foreach (var (_, credential) in example["value"]!.AsObject()) kinds.Add((string)credential!["credentialKind"]!);
            var answer = await challenge.CompleteAsync(example["value"]!);
            // They were made for another challenge; nothing else may be wrong with them.
            Assert.Equal(ErrorCatalog.All.Single(e => e.Code == "challenge_mismatch").Code, answer.Code);
        }

        Assert.Equal(["Fido2", "Key", "PasswordProtectedKey", "RecoveryKey"], kinds.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Is_the_document_that_was_approved()
    {
        var document = await DocumentAsync();
        Redact(document);
        document["info"]!["version"] = "…";

        ApprovedFile.Compare(
            Path.Combine(Repository.Root, "tests", "Dfns.Registration.Api.Tests", "OpenApi", "OpenApi.approved.json"), $"{document.ToJsonString(Indented).ReplaceLineEndings("\n")}\n");
    }

    // The examples are of keys made for this run; those of errors stand in the page of errors.
    private static void Redact(JsonNode node)
    {
        if (node is JsonArray array) foreach (var item in array) if (item is not null) Redact(item);
        if (node is not JsonObject members) return;
        foreach (var (name, value) in members.ToList())
        {
            if (name is "credId" or "clientData" or "attestationData" or "encryptedPrivateKey" && value is JsonValue) members[name] = "…";
            else if (name == "examples" && value!.GetPath().Contains(".responses", StringComparison.Ordinal)) members.Remove(name);
            else if (value is not null) Redact(value);
        }
    }

    private async Task<JsonNode> DocumentAsync() => (await Service.SendAsync(HttpMethod.Get, "/swagger/v1/swagger.json", content: null, bearer: null)).Body;
}
