using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Introspection;
using Dfns.Registration.Api.UserActions;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Tests.Wire;

/// <summary>The contracts of request bodies: what each says of its texts holds for whoever gets it.</summary>
[Trait("Speed", "quick")]
public sealed class ContractTests
{
    // Of these it depends on other members whether they have to be there, or how they may look; each is checked where that is known.
    private static readonly string[] CheckedWithOthers =
    [
        "AnswerRequest.ChallengeIdentifier",
        "ConsoleInvitationRequest.Kind",
        "CreateCredentialRequest.ChallengeIdentifier", "CreateCredentialRequest.CredentialKind", "CreateCredentialRequest.CredentialName", "CreateCredentialRequest.EncryptedPrivateKey",
        "CreateUserRequest.Kind", "CreateUserRequest.PublicKey",
        "CredentialAssertionRequest.Algorithm", "CredentialAssertionRequest.AuthenticatorData", "CredentialAssertionRequest.ClientData", "CredentialAssertionRequest.CredId",
        "CredentialAssertionRequest.Signature", "CredentialAssertionRequest.UserHandle",
        "CredentialInfoRequest.AttestationData", "CredentialInfoRequest.ClientData", "CredentialInfoRequest.CredId",
        "CredentialRequest.CredentialKind", "CredentialRequest.CredentialName", "CredentialRequest.EncryptedPrivateKey",
        "DelegatedRegistrationRequest.Kind",
        "FactorRequest.Kind",
        "InitCredentialRequest.Kind",
        "InitCredentialWithCodeRequest.CredentialKind",
        "InitLoginRequest.LoginCode",
        "InitUserActionRequest.UserActionHttpMethod", "InitUserActionRequest.UserActionHttpPath", "InitUserActionRequest.UserActionPayload", "InitUserActionRequest.UserActionServerKind",
        // A form, whose reader looks at them.
        "IntrospectionRequest.Token", "IntrospectionRequest.TokenTypeHint",
    ];

    private static readonly List<(Type Contract, ParameterInfo Text)> Texts =
    [
        .. typeof(JsonBody).Assembly.GetTypes().Where(t => t.Name.EndsWith("Request", StringComparison.Ordinal) && t.Namespace!.StartsWith("Dfns.", StringComparison.Ordinal))
            .SelectMany(t => t.GetConstructors().SelectMany(c => c.GetParameters()).Where(p => p.ParameterType == typeof(string)).Select(p => (t, p))),
    ];

    public static TheoryData<string> Bounded => [.. Texts.Where(t => t.Text.IsDefined(typeof(TextAttribute))).Select(t => $"{t.Contract.Name}.{t.Text.Name}")];

    private static readonly List<(Type Contract, ParameterInfo Text)> WithinBodies =
    [
        .. Texts.Select(t => t.Contract).Distinct().SelectMany(Parts).Distinct()
            .SelectMany(t => t.GetConstructors().SelectMany(c => c.GetParameters()).Where(p => p.ParameterType == typeof(string)).Select(p => (t, p))),
    ];

    // A form is read otherwise.
    public static TheoryData<string> Optional =>
        [.. WithinBodies.Where(t => t.Contract != typeof(IntrospectionRequest) && IsOptional(t.Text)).Select(t => $"{t.Contract.Name}.{t.Text.Name}").Where(n => n != "InitUserActionRequest.UserActionPayload")];

    [Fact]
    public void Every_text_is_bounded_where_it_is_declared_unless_it_depends_on_others() => Assert.Equal(
        CheckedWithOthers, Texts.Where(t => !t.Text.IsDefined(typeof(TextAttribute))).Select(t => $"{t.Contract.Name}.{t.Text.Name}").Order(StringComparer.Ordinal));

    // The check looks at the members of the body itself.
    [Fact]
    public void No_bounded_text_stands_in_an_object_within_a_body()
    {
        var within = typeof(JsonBody).Assembly.GetTypes().SelectMany(t => t.GetConstructors()).SelectMany(c => c.GetParameters()).Select(p => p.ParameterType).ToHashSet();

        Assert.DoesNotContain(Texts, t => t.Text.IsDefined(typeof(TextAttribute)) && within.Contains(t.Contract));
    }

    [Theory]
    [MemberData(nameof(Bounded))]
    public void A_text_is_there_where_it_must_be_and_never_empty_nor_too_long(string name)
    {
        var (contract, text) = Texts.Single(t => $"{t.Contract.Name}.{t.Text.Name}" == name);
        var limit = text.GetCustomAttribute<TextAttribute>()!.MaxLength;
        var isOptional = IsOptional(text);
        var path = $"$.{char.ToLowerInvariant(text.Name![0])}{text.Name[1..]}";

        Assert.Equal(isOptional ? null : ErrorCatalog.MemberRequired.At(path), Fault(value: null));
        Assert.Equal(ErrorCatalog.MemberRequired.At(path), Fault(" "));
        Assert.Null(Fault(new string('a', limit)));
        Assert.Equal((ErrorCatalog.MemberTooLong.Code, path), Fault(new string('a', limit + 1)) is { } error ? (error.Code, error.Path!) : default);

        // Every other text that must be there is good.
        ApiError? Fault(string? value)
        {
            var constructor = (ConstructorInfo)text.Member;
            var body = constructor.Invoke([.. constructor.GetParameters().Select(p => p.Name == text.Name ? value : p.ParameterType == typeof(string) && !IsOptional(p) ? "a" : (object?)null)]);
            return (ApiError?)typeof(Contract).GetMethod(nameof(Contract.Fault))!.MakeGenericMethod(contract).Invoke(null, [body]);
        }
    }

    // Clients with a form send so what nobody filled in.
    [Theory]
    [MemberData(nameof(Optional))]
    public void An_empty_text_is_one_that_was_left_out(string name)
    {
        var (contract, text) = WithinBodies.Single(t => $"{t.Contract.Name}.{t.Text.Name}" == name);
        var body = new JsonObject { [JsonNamingPolicy.CamelCase.ConvertName(text.Name!)] = "" };

        var read = typeof(JsonBody).GetMethod(nameof(JsonBody.Read))!.MakeGenericMethod(contract).Invoke(null, [JsonDocument.Parse(body.ToJsonString())]);

        Assert.NotNull(read);
        Assert.Null(contract.GetProperty(text.Name!)!.GetValue(read));
    }

    // No body at all is a payload too, and is signed.
    [Fact]
    public void The_payload_of_a_user_action_may_be_empty() =>
        Assert.Equal("", JsonBody.Read<InitUserActionRequest>(JsonDocument.Parse("""{"userActionPayload":""}"""))!.UserActionPayload);

    private static bool IsOptional(ParameterInfo text) => new NullabilityInfoContext().Create(text).ReadState == NullabilityState.Nullable;

    // A contract, and whatever stands in it.
    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.IsGenericType) return type.GetGenericArguments().SelectMany(Parts);
        return type.Namespace?.StartsWith("Dfns.", StringComparison.Ordinal) == true && type.IsClass
            ? [type, .. type.GetConstructors().SelectMany(c => c.GetParameters()).Select(p => p.ParameterType).Where(p => p != type).SelectMany(Parts)]
            : [];
    }
}
