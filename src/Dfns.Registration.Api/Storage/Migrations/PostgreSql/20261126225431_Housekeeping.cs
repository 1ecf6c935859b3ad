using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class Housekeeping : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<byte[]>(
                name: "row_hash",
                table: "credential_codes",
                type: "bytea",
                maxLength: 32,
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_credential_codes_expires_at",
                table: "credential_codes",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_ceremonies_organisation_id_expires_at",
                table: "ceremonies",
                columns: new[] { "organisation_id", "expires_at" });

            migrationBuilder.CreateIndex(
                name: "ix_audit_events_organisation_id_at",
                table: "audit_events",
                columns: new[] { "organisation_id", "at" });

            migrationBuilder.CreateIndex(
                name: "ix_access_tokens_organisation_id_expires_at",
                table: "access_tokens",
                columns: new[] { "organisation_id", "expires_at" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_credential_codes_expires_at",
                table: "credential_codes");

            migrationBuilder.DropIndex(
                name: "ix_ceremonies_organisation_id_expires_at",
                table: "ceremonies");

            migrationBuilder.DropIndex(
                name: "ix_audit_events_organisation_id_at",
                table: "audit_events");

            migrationBuilder.DropIndex(
                name: "ix_access_tokens_organisation_id_expires_at",
                table: "access_tokens");

            migrationBuilder.DropColumn(
                name: "row_hash",
                table: "credential_codes");
        }
    }
}
