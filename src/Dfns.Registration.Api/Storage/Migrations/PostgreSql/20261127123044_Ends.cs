using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class Ends : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "ended_at",
                table: "users",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "username_restriction",
                table: "relying_parties",
                type: "character varying(32)",
                maxLength: 32,
                nullable: false,
                defaultValue: "Unrestricted");

            migrationBuilder.AddColumn<string>(
                name: "session_id",
                table: "credential_codes",
                type: "character varying(64)",
                maxLength: 64,
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "earlier_code_hash",
                table: "codes",
                type: "bytea",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "earlier_expires_at",
                table: "codes",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "earlier_failed_attempts",
                table: "codes",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<string>(
                name: "signed_by",
                table: "ceremonies",
                type: "character varying(129)",
                maxLength: 129,
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "ended_at",
                table: "users");

            migrationBuilder.DropColumn(
                name: "username_restriction",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "session_id",
                table: "credential_codes");

            migrationBuilder.DropColumn(
                name: "earlier_code_hash",
                table: "codes");

            migrationBuilder.DropColumn(
                name: "earlier_expires_at",
                table: "codes");

            migrationBuilder.DropColumn(
                name: "earlier_failed_attempts",
                table: "codes");

            migrationBuilder.DropColumn(
                name: "signed_by",
                table: "ceremonies");
        }
    }
}
