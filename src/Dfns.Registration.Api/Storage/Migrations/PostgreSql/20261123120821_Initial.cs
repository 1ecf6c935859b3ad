using System;
using System.Collections.Generic;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "audit_events",
                columns: table => new
                {
                    organisation_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    action = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    actor = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    subject_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    remote_address = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    note = table.Column<string>(type: "character varying(320)", maxLength: 320, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_audit_events", x => new { x.organisation_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "organisations",
                columns: table => new
                {
                    id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    name = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_organisations", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "registration_codes",
                columns: table => new
                {
                    organisation_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    user_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    code_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    sent_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    failed_attempts = table.Column<long>(type: "bigint", nullable: false),
                    consumed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_registration_codes", x => new { x.organisation_id, x.user_id });
                });

            migrationBuilder.CreateTable(
                name: "signing_keys",
                columns: table => new
                {
                    id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    public_key = table.Column<byte[]>(type: "bytea", nullable: false),
                    sealed_private_key = table.Column<byte[]>(type: "bytea", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    active_from = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    retired_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_signing_keys", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "relying_parties",
                columns: table => new
                {
                    organisation_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    relying_party_id = table.Column<string>(type: "character varying(253)", maxLength: 253, nullable: false),
                    name = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    origins = table.Column<List<string>>(type: "text[]", nullable: false),
                    attestation = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    user_verification = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    algorithms = table.Column<List<int>>(type: "integer[]", nullable: false),
                    allow_cross_origin = table.Column<bool>(type: "boolean", nullable: false),
                    top_origins = table.Column<List<string>>(type: "text[]", nullable: false),
                    recovery_required_for_end_users = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_relying_parties", x => x.organisation_id);
                    table.ForeignKey(
                        name: "fk_relying_parties_organisations_organisation_id",
                        column: x => x.organisation_id,
                        principalTable: "organisations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "users",
                columns: table => new
                {
                    organisation_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    username = table.Column<string>(type: "character varying(320)", maxLength: 320, nullable: false),
                    username_folded = table.Column<string>(type: "character varying(320)", maxLength: 320, nullable: false),
                    kind = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    external_id = table.Column<string>(type: "character varying(320)", maxLength: 320, nullable: true),
                    is_active = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    registered_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_users", x => new { x.organisation_id, x.id });
                    table.ForeignKey(
                        name: "fk_users_organisations_organisation_id",
                        column: x => x.organisation_id,
                        principalTable: "organisations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "ceremonies",
                columns: table => new
                {
                    organisation_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    purpose = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    user_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    challenge = table.Column<string>(type: "character varying(43)", maxLength: 43, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    consumed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    result_digest = table.Column<byte[]>(type: "bytea", nullable: true),
                    result = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_ceremonies", x => new { x.organisation_id, x.id });
                    table.ForeignKey(
                        name: "fk_ceremonies_users_organisation_id_user_id",
                        columns: x => new { x.organisation_id, x.user_id },
                        principalTable: "users",
                        principalColumns: new[] { "organisation_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "credentials",
                columns: table => new
                {
                    organisation_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    uuid = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    user_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    kind = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    slot = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    name = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    credential_id = table.Column<byte[]>(type: "bytea", maxLength: 1023, nullable: false),
                    credential_id_text = table.Column<string>(type: "character varying(1368)", maxLength: 1368, nullable: false),
                    public_key = table.Column<byte[]>(type: "bytea", nullable: false),
                    cose_key = table.Column<byte[]>(type: "bytea", nullable: true),
                    public_key_pem = table.Column<string>(type: "text", nullable: true),
                    algorithm = table.Column<int>(type: "integer", nullable: true),
                    hash_algorithm = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: true),
                    encrypted_private_key = table.Column<string>(type: "character varying(32768)", maxLength: 32768, nullable: true),
                    sign_count = table.Column<long>(type: "bigint", nullable: true),
                    user_verified = table.Column<bool>(type: "boolean", nullable: true),
                    backup_eligible = table.Column<bool>(type: "boolean", nullable: true),
                    backed_up = table.Column<bool>(type: "boolean", nullable: true),
                    aaguid = table.Column<Guid>(type: "uuid", nullable: true),
                    attestation_format = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: true),
                    attestation_type = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: true),
                    relying_party_id = table.Column<string>(type: "character varying(253)", maxLength: 253, nullable: false),
                    origin = table.Column<string>(type: "text", nullable: true),
                    status = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    archived_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_credentials", x => new { x.organisation_id, x.uuid });
                    table.ForeignKey(
                        name: "fk_credentials_users_organisation_id_user_id",
                        columns: x => new { x.organisation_id, x.user_id },
                        principalTable: "users",
                        principalColumns: new[] { "organisation_id", "id" },
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "ix_audit_events_organisation_id_subject_id_at",
                table: "audit_events",
                columns: new[] { "organisation_id", "subject_id", "at" });

            migrationBuilder.CreateIndex(
                name: "ix_ceremonies_organisation_id_user_id",
                table: "ceremonies",
                columns: new[] { "organisation_id", "user_id" });

            migrationBuilder.CreateIndex(
                name: "ix_credentials_organisation_id_credential_id",
                table: "credentials",
                columns: new[] { "organisation_id", "credential_id" },
                unique: true,
                filter: "status <> 'Archived'");

            migrationBuilder.CreateIndex(
                name: "ix_credentials_organisation_id_public_key",
                table: "credentials",
                columns: new[] { "organisation_id", "public_key" },
                unique: true,
                filter: "status <> 'Archived'");

            migrationBuilder.CreateIndex(
                name: "ix_credentials_organisation_id_user_id",
                table: "credentials",
                columns: new[] { "organisation_id", "user_id" });

            migrationBuilder.CreateIndex(
                name: "ix_users_organisation_id_external_id",
                table: "users",
                columns: new[] { "organisation_id", "external_id" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_users_organisation_id_username_folded",
                table: "users",
                columns: new[] { "organisation_id", "username_folded" },
                unique: true);

            // The decoys, which stand for users who do not exist. Not part of the model: nothing else may ever change them.
            migrationBuilder.Sql(
                $"""
                WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {OneTimeCode.Decoys})
                INSERT INTO registration_codes (organisation_id, user_id, code_hash, created_at, expires_at, failed_attempts)
                SELECT '', 'decoy-' || n, decode(repeat('00', 32), 'hex'), '1970-01-01 00:00:00+00', '1970-01-01 00:00:00+00', 0 FROM numbers;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "audit_events");

            migrationBuilder.DropTable(
                name: "ceremonies");

            migrationBuilder.DropTable(
                name: "credentials");

            migrationBuilder.DropTable(
                name: "registration_codes");

            migrationBuilder.DropTable(
                name: "relying_parties");

            migrationBuilder.DropTable(
                name: "signing_keys");

            migrationBuilder.DropTable(
                name: "users");

            migrationBuilder.DropTable(
                name: "organisations");
        }
    }
}
